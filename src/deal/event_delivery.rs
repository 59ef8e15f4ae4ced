//! How an event is on its way to one endpoint.

use super::{EndpointName, EventId, Timestamp};

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
