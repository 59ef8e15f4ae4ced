//! An event of the outbox, as readers of the feed are told of it.

use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use crate::deal::{BeijingTime, EventId, Timestamp};

/// What has happened. A webhook tells the same, with the number as its header webhook-id.
#[derive(Debug, Serialize, ToSchema)]
pub struct ToldChange {
    /// The event's number, the same wherever and however often it is told.
    id: String,
    /// What it is. A later version may tell of more.
    r#type: String,
    /// When it happened.
    #[schema(format = DateTime)]
    timestamp: String,
    /// What there is to tell, by the type.
    #[schema(value_type = Object)]
    data: Box<RawValue>,
}

impl ToldChange {
    /// `None`: the data is no JSON, so no version of this program has written it.
    pub fn new(id: &EventId, event_type: &str, at: Timestamp, data: &str) -> Option<Self> {
        let data = RawValue::from_string(data.to_owned()).ok()?;
        Some(Self { id: id.to_string(), r#type: event_type.to_owned(), timestamp: BeijingTime::from(at).to_string(), data })
    }
}
