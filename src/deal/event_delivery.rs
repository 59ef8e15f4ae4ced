//! How an event is on its way to one endpoint.

use super::{EndpointName, EventId, OrderId, Timestamp};

/// An event of an order on its way to one endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventDelivery {
    /// Where it goes.
    pub endpoint: EndpointName,
    /// The event.
    pub event_id: EventId,
    /// Its type's word.
    pub event_type: String,
    /// Tries that have ended, since it was sent again if it was.
    pub tries: u32,
    /// When the last one did; with no tries, the last before it was sent again.
    pub tried_at: Option<Timestamp>,
    /// When the endpoint had it.
    pub delivered_at: Option<Timestamp>,
    /// When it was given up.
    pub given_up_at: Option<Timestamp>,
    /// When it is next tried; `None`: it is delivered, or given up.
    pub due_at: Option<Timestamp>,
    /// The HTTP status of the last try; `None`: there was no answer, or no try.
    pub status: Option<u16>,
    /// The beginning of a refusal, or why there was no answer: for the merchant alone.
    pub answer: Option<String>,
}

impl EventDelivery {
    /// Whether it may be sent once more: it does not wait for its first try.
    pub fn may_be_sent_again(&self) -> bool {
        self.due_at.is_none() || self.tries > 0
    }
}

/// Which deliveries to an endpoint are listed, and in which order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeliveryList {
    /// All of them, the newest event first.
    Latest {
        /// Events before this position.
        before: Option<i64>,
    },
    /// Those that are not decided, by the time of their next try.
    Waiting,
    /// Those that were given up, the last one first.
    GivenUp,
}

/// A delivery in a list of its endpoint's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedDelivery {
    /// Where its event stands in the outbox.
    pub position: i64,
    /// About which order that is.
    pub order_id: Option<OrderId>,
    /// The delivery.
    pub delivery: EventDelivery,
}
