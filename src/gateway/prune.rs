//! Retention: events of the outbox are kept for as long as the operator wants, and then deleted in small bites. A delivery that still waits
//! by then is given up, and told of, before its event goes: nothing vanishes in silence.

use chrono::TimeDelta;
use tracing::{debug, error};

use crate::deal::{AlarmKind, Announcement, EventType};
use crate::store::{Event, EventKind, Origin, StoreError, WaitingDelivery};

use super::Gateway;

/// Deliveries that are given up before a bite.
const DELIVERIES: u32 = 100;

impl Gateway {
    /// Deletes a bite of the events that happened longer than `keep` ago; `true`: there may be more.
    ///
    /// # Errors
    /// The database is not available; what is left goes another time.
    pub async fn prune_once(&self, keep: TimeDelta) -> Result<bool, StoreError> {
        let now = self.now_by_database();
        let Some(position) = self.store.outdated_outbox(now - keep, now).await? else { return Ok(false) };
        let waiting = self.store.waiting_deliveries(position, DELIVERIES).await?;
        for delivery in &waiting {
            self.give_outdated_up(delivery).await?;
        }
        if !waiting.is_empty() {
            return Ok(true);
        }
        let pruned = self.store.prune_outbox(position).await?;
        debug!(pruned, "events of the outbox are too old to be kept");
        Ok(pruned > 0)
    }

    async fn give_outdated_up(&self, delivery: &WaitingDelivery) -> Result<(), StoreError> {
        let WaitingDelivery { endpoint, order_id, event_id, event_type, .. } = delivery;
        // An alarm about a delivery of an alarm would have no end.
        let order_id = order_id.as_ref().filter(|_| event_type != EventType::AlarmRaised.as_str());
        let event = order_id.map(|order_id| Event {
            detail: Some(format!("{event_id} to {endpoint}")),
            announces: vec![Announcement::AlarmRaised(AlarmKind::WebhookGivenUp)],
            ..self.event(order_id, EventKind::WebhookGivenUp, Origin::Sweeper)
        });
        if self.store.give_outdated_delivery_up(delivery, self.now_by_database(), event).await? {
            self.metrics.webhook_given_up();
            // Of one that is configured no more there is no series.
            if self.endpoints.iter().any(|configured| configured.name == *endpoint) {
                self.lines.metrics.given_up(endpoint);
            }
            error!(
                alarm = "webhook_given_up", %event_id, %endpoint,
                "an event is too old to be kept and was not taken: its endpoint is paused, or configured no more"
            );
        }
        Ok(())
    }
}
