//! An endpoint of the merchant's: where events go, and which.

use std::collections::BTreeSet;
use std::fmt;

use reqwest::Url;

use crate::chance::Chance;
use crate::clock::Clock;
use crate::deal::{AccountId, EndpointName, EventType, Reach};
use crate::trace::TraceContext;

use super::answer::Answer;
use super::message::Message;
use super::request::Request;
use super::secret::Secrets;
use super::sender::Sender;

/// Which events an endpoint wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// Of which types.
    pub types: BTreeSet<EventType>,
    /// About which deals.
    pub reach: Reach,
}

impl Wanted {
    /// Whether it wants this event. One about an order that is not known here (`merchant_id` is `None`) is wanted where all deals are, and one
    /// about a bill where all deals of its account are.
    pub fn has(&self, event_type: EventType, merchant_id: Option<i64>, account: &AccountId) -> bool {
        self.types.contains(&event_type) && self.reach.covers_event(Some(event_type), merchant_id, account)
    }
}

/// An endpoint of the merchant's.
#[derive(Clone)]
pub struct Endpoint {
    /// Its name.
    pub name: EndpointName,
    /// Where it is.
    pub url: Url,
    /// By what messages are signed.
    pub secrets: Secrets,
    /// Which events it wants.
    pub wanted: Wanted,
    /// The way there.
    pub sender: Sender,
}

impl Endpoint {
    /// Sends a message, and waits for the answer for 15 s at most.
    pub async fn post(&self, message: &Message, clock: &Clock, chance: &Chance) -> Answer {
        let (id, timestamp) = (message.id.as_str(), clock.now().timestamp());
        let headers = vec![
            ("content-type", "application/json".to_owned()),
            ("webhook-id", id.to_owned()),
            ("webhook-timestamp", timestamp.to_string()),
            ("webhook-signature", self.secrets.sign(id, timestamp, &message.body)),
            ("traceparent", TraceContext::fresh().step(chance)),
        ];
        let request = Request { endpoint: self.name.clone(), url: self.url.clone(), headers, body: message.body.clone() };
        self.sender.send(request, clock).await
    }
}

/// Without the URL: some hold a secret of the merchant's.
impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Endpoint").field("name", &self.name).field("wanted", &self.wanted).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_wants_its_types_of_its_deals() {
        let shop2: AccountId = "shop2".parse().unwrap();
        let paid = |reach| Wanted { types: BTreeSet::from([EventType::DealPaid]), reach };
        let (all, some) =
            (paid(Reach::default()), paid(Reach { accounts: Some(vec![shop2.clone()]), sellers: Some("12,20-29".parse().unwrap()) }));
        assert!(all.has(EventType::DealPaid, Some(13), &AccountId::default()) && !all.has(EventType::DealExpired, Some(13), &shop2));
        assert!(some.has(EventType::DealPaid, Some(25), &shop2) && !some.has(EventType::DealExpired, Some(25), &shop2));
        assert!(!some.has(EventType::DealPaid, Some(13), &shop2), "another seller's");
        assert!(!some.has(EventType::DealPaid, Some(12), &AccountId::default()), "through another account");
    }

    #[test]
    fn an_alarm_about_an_unknown_order_goes_to_no_endpoint_with_limits() {
        let shop2: AccountId = "shop2".parse().unwrap();
        let alarms = |accounts, sellers: Option<&str>| Wanted {
            types: BTreeSet::from([EventType::AlarmRaised]),
            reach: Reach { accounts, sellers: sellers.map(|sellers| sellers.parse().unwrap()) },
        };
        let wants = |wanted: Wanted| wanted.has(EventType::AlarmRaised, None, &shop2);
        assert!(wants(alarms(None, None)));
        assert!(!wants(alarms(Some(vec![shop2.clone()]), None)));
        assert!(!wants(alarms(None, Some("12"))));
    }
}
