//! The end of the retries: a delivery is given up, and its deal's journal, the log and the merchant's other endpoints say so.

use crate::deal::{AlarmKind, Announcement, EndpointName, EventId, EventType, Timestamp};
use crate::store::{Delivery, Event, EventKind, Origin, StoreError, TriedDelivery, Untold};

use super::super::Gateway;

/// What stands between the event and the endpoint in the journal.
const TO: &str = " to ";

impl Gateway {
    /// Stores that a delivery is given up. An alarm about a delivery of an alarm would have no end.
    pub(super) async fn give_up(&self, delivery: &Delivery, until: Timestamp, tried: TriedDelivery) -> Result<bool, StoreError> {
        let is_alarm = delivery.event.event_type == EventType::AlarmRaised.as_str();
        let Some(order_id) = delivery.order_id.as_ref().filter(|_| !is_alarm) else {
            return self.store.note_delivery(delivery, until, tried).await;
        };
        let event = Event {
            detail: Some(detail(&delivery.event.event_id, &delivery.endpoint)),
            announces: vec![Announcement::AlarmRaised(AlarmKind::WebhookGivenUp)],
            ..self.event(order_id, EventKind::WebhookGivenUp, Origin::Sweeper)
        };
        self.store.give_delivery_up(delivery, until, tried, event).await
    }
}

fn detail(event_id: &EventId, endpoint: &EndpointName) -> String {
    format!("{event_id}{TO}{endpoint}")
}

/// The endpoint that an announcement is about: it is not told that it does not listen.
pub fn deaf_endpoint(entry: &Untold, announcement: &Announcement) -> Option<EndpointName> {
    if *announcement != Announcement::AlarmRaised(AlarmKind::WebhookGivenUp) {
        return None;
    }
    given_up(entry.detail.as_deref()?).map(|(_, endpoint)| endpoint)
}

/// The event, and the endpoint that did not take it, by what the journal says.
pub fn given_up(detail: &str) -> Option<(EventId, EndpointName)> {
    let (event_id, endpoint) = detail.rsplit_once(TO)?;
    Some((event_id.parse().ok()?, endpoint.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn deaf(announcement: &Announcement) -> Option<EndpointName> {
        let detail = detail(&EventId::draw(7), &"a-to-b".parse().unwrap());
        let entry = Untold {
            entry: 1,
            order_id: "o1".parse().unwrap(),
            announces: vec![announcement.clone()],
            detail: Some(detail),
            at: Timestamp::UNIX_EPOCH,
        };
        deaf_endpoint(&entry, announcement)
    }

    #[test]
    fn the_endpoint_that_does_not_listen_is_read_again() {
        assert_eq!(deaf(&Announcement::AlarmRaised(AlarmKind::WebhookGivenUp)), Some("a-to-b".parse().unwrap()));
        assert_eq!(deaf(&Announcement::AlarmRaised(AlarmKind::Money)), None);
        assert_eq!(deaf(&Announcement::DealExpired), None);
    }
}
