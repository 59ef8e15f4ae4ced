//! Whether an endpoint has an event.

use sqlx::Error;

use crate::deal::{EndpointName, EventId};
use crate::store::engine::connection::Conn;
use crate::store::engine::statement::Query;
use crate::store::engine::values::Values;
use crate::store::error::StoreError;
use crate::store::handle::Store;

/// By the keys of both tables.
pub const IS_DELIVERED: &str = "SELECT COUNT(*) FROM outbox event JOIN webhook_delivery delivery ON delivery.position = event.position \
                                WHERE event.event_id = ? AND delivery.endpoint = ? AND delivery.delivered_at IS NOT NULL";

impl Store {
    /// Whether this endpoint has taken this event, as far as both are still kept.
    ///
    /// # Errors
    /// The database is not available.
    pub async fn is_delivered(&self, event_id: &EventId, endpoint: &EndpointName) -> Result<bool, StoreError> {
        Ok(self.engine().report(IsDelivered { event_id: event_id.clone(), endpoint: endpoint.clone() }).await?)
    }
}

struct IsDelivered {
    event_id: EventId,
    endpoint: EndpointName,
}

impl Query for IsDelivered {
    type Answer = bool;
    const NAME: &'static str = "is delivered";

    async fn run(&self, conn: &mut Conn) -> Result<bool, Error> {
        let values = Values::of([self.event_id.as_str().into(), self.endpoint.as_str().into()]);
        let counted: Vec<(i64,)> = conn.rows(IS_DELIVERED, values).await?;
        Ok(counted.iter().any(|(count,)| *count > 0))
    }
}
