//! A work queue in the table: the deliveries of an endpoint that are due.

use std::sync::LazyLock;

use sqlx::Error;

use crate::deal::{EndpointName, OrderId, Timestamp};
use crate::store::columns::{column, time};
use crate::store::engine::connection::Conn;
use crate::store::engine::statement::Query;
use crate::store::engine::values::Values;
use crate::store::error::StoreError;
use crate::store::handle::Store;
use crate::store::outbox::row::{OutboxEvent, OutboxRow, columns};

/// An event on its way to one endpoint.
#[derive(Debug, Clone)]
pub struct Delivery {
    /// The row's number.
    pub id: i64,
    /// Where it goes.
    pub endpoint: EndpointName,
    /// About which order it is.
    pub order_id: Option<OrderId>,
    /// The event.
    pub event: OutboxEvent,
    /// Tries that have ended.
    pub tries: u32,
    /// When it came due, or when the lease on its next try is over.
    pub due_at: Timestamp,
    /// When it was planned.
    pub created_at: Timestamp,
}

impl Store {
    /// Deliveries of an endpoint that are due: so many of those that came due last, and of those that wait longest. An event whose
    /// order has an earlier one that was never tried waits for that; and nothing of a paused endpoint is due.
    ///
    /// # Errors
    /// The database is not available.
    pub async fn due_deliveries(&self, endpoint: &EndpointName, now: Timestamp, limit: u32) -> Result<Vec<Delivery>, StoreError> {
        let rows = self.engine().ask(DueDeliveries { endpoint: endpoint.clone(), now, limit }).await?;
        let mut due: Vec<_> = rows.into_iter().filter_map(|row| row.read(endpoint)).collect();
        due.sort_by_key(|delivery| std::cmp::Reverse((delivery.due_at, delivery.id)));
        due.dedup_by_key(|delivery| delivery.id);
        Ok(due)
    }
}

struct DueDeliveries {
    endpoint: EndpointName,
    now: Timestamp,
    limit: u32,
}

impl Query for DueDeliveries {
    type Answer = Vec<DeliveryRow>;
    const NAME: &'static str = "due deliveries";

    async fn run(&self, conn: &mut Conn) -> Result<Vec<DeliveryRow>, Error> {
        static SELECT: LazyLock<String> = LazyLock::new(|| {
            let end = |order: &str| {
                format!(
                    "SELECT delivery.id AS id, delivery.order_id AS order_id, delivery.tries AS tries, \
                     CAST(delivery.due_at AS CHAR(19)) AS due_at, CAST(delivery.created_at AS CHAR(19)) AS created_at, {} \
                     FROM webhook_delivery delivery JOIN outbox event ON event.position = delivery.position \
                     WHERE delivery.endpoint = ? AND delivery.due_at <= ? AND NOT EXISTS (SELECT 1 FROM webhook_delivery earlier \
                     WHERE earlier.endpoint = delivery.endpoint AND earlier.order_id = delivery.order_id \
                     AND earlier.position < delivery.position AND earlier.tries = 0 AND earlier.due_at IS NOT NULL) \
                     AND NOT EXISTS (SELECT 1 FROM webhook_pause pause WHERE pause.endpoint = delivery.endpoint) \
                     ORDER BY delivery.due_at {order}, delivery.id {order} LIMIT ?",
                    columns("event")
                )
            };
            format!("SELECT * FROM ({}) latest UNION ALL SELECT * FROM ({}) oldest", end("DESC"), end("ASC"))
        });
        let end = || [self.endpoint.as_str().into(), column(self.now).into(), self.limit.into()];
        let mut values = Values::of(end());
        values.extend(end());
        conn.rows(&SELECT, values).await
    }
}

#[derive(sqlx::FromRow)]
struct DeliveryRow {
    id: i64,
    order_id: Option<String>,
    tries: i64,
    due_at: String,
    created_at: String,
    #[sqlx(flatten)]
    event: OutboxRow,
}

impl DeliveryRow {
    fn read(self, endpoint: &EndpointName) -> Option<Delivery> {
        Some(Delivery {
            id: self.id,
            endpoint: endpoint.clone(),
            order_id: self.order_id.and_then(|order_id| order_id.parse().ok()),
            tries: u32::try_from(self.tries).unwrap_or(u32::MAX),
            due_at: time(Some(self.due_at))?,
            created_at: time(Some(self.created_at))?,
            event: self.event.into_event()?,
        })
    }
}
