//! What became of the deliveries of an order's events, as the merchant is told.

use serde::Serialize;
use utoipa::ToSchema;

use crate::deal::{BeijingTime, EventDelivery, Timestamp};

/// An event on its way to one endpoint.
#[derive(Debug, Serialize, ToSchema)]
pub struct ToldDelivery {
    /// The name of its section in the configuration.
    endpoint: String,
    event_id: String,
    r#type: String,
    /// Tries that have ended, since it was sent again if it was.
    tries: u32,
    /// DELIVERED, WAITING for its next try, or GIVEN_UP.
    state: &'static str,
    /// When the last try ended.
    #[schema(format = DateTime)]
    tried_at: Option<String>,
    /// The HTTP status of the last try.
    status: Option<u16>,
    /// When it is next tried.
    #[schema(format = DateTime)]
    due_at: Option<String>,
    /// The beginning of a refusal, or why there was no answer. For a key without limits only: others' orders may be named in it.
    answer: Option<String>,
}

impl From<&EventDelivery> for ToldDelivery {
    fn from(delivery: &EventDelivery) -> Self {
        let time = |time: Timestamp| BeijingTime::from(time).to_string();
        Self {
            endpoint: delivery.endpoint.to_string(),
            event_id: delivery.event_id.to_string(),
            r#type: delivery.event_type.clone(),
            tries: delivery.tries,
            state: match (delivery.delivered_at, delivery.given_up_at) {
                (Some(_), _) => "DELIVERED",
                (None, Some(_)) => "GIVEN_UP",
                (None, None) => "WAITING",
            },
            tried_at: delivery.tried_at.map(time),
            status: delivery.status,
            due_at: delivery.due_at.map(time),
            answer: delivery.answer.clone(),
        }
    }
}
