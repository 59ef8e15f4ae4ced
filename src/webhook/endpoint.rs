//! An endpoint of the merchant's: where events go, and which.

use std::collections::BTreeSet;

use reqwest::Url;

use crate::chance::Chance;
use crate::clock::Clock;
use crate::deal::{AccountId, EndpointName, EventType, Reach};
use crate::trace::TraceContext;

use super::answer::Answer;
use super::message::Message;
use super::secret::Secrets;
use super::sender::{Request, Sender};

/// Which events an endpoint wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// Of which types.
    pub types: BTreeSet<EventType>,
    /// About which deals.
    pub reach: Reach,
}

impl Wanted {
    /// Whether it wants this event. One about an order that is not known here (`merchant_id` is `None`) is wanted where all deals are.
    pub fn has(&self, event_type: EventType, merchant_id: Option<i64>, account: &AccountId) -> bool {
        let is_within = match merchant_id {
            Some(merchant_id) => self.reach.covers(merchant_id, account),
            None => self.reach == Reach::default(),
        };
        is_within && self.types.contains(&event_type)
    }
}

/// An endpoint of the merchant's.
#[derive(Debug, Clone)]
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
