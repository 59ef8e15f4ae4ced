//! A message: an event as it is sent.

use serde::Serialize;
use serde_json::value::RawValue;

use crate::deal::{BeijingTime, EventId, Timestamp};

/// An event as it is sent: the same bytes in every try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// The header `webhook-id`.
    pub id: EventId,
    /// The body, JSON.
    pub body: String,
}

#[derive(Serialize)]
struct Body<'m> {
    r#type: &'m str,
    timestamp: String,
    data: &'m RawValue,
}

impl Message {
    /// The message of an event; `None`: its data is no JSON.
    pub fn of(id: &EventId, event_type: &str, at: Timestamp, data: &str) -> Option<Self> {
        let data = serde_json::from_str(data).ok()?;
        let body = Body { r#type: event_type, timestamp: BeijingTime::from(at).to_string(), data };
        Some(Self { id: id.clone(), body: serde_json::to_string(&body).ok()? })
    }
}
