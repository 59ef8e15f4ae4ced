//! A work queue in the table: the deliveries of an endpoint that are due.

use std::sync::LazyLock;

use sqlx::Error;

use crate::deal::{EndpointName, OrderId, Timestamp};
use crate::store::columns::{column, time};
use crate::store::engine::connection::Conn;
use crate::store::engine::index_hints::by_index;
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

/// Lines that are read from either end of what is due. More than can be under way at once: those whose order has an earlier event
/// under way stand in front until that has ended.
const WINDOW: u32 = 64;

impl Store {
    /// Deliveries of an endpoint that are due: so many of those that came due last, and of those that wait longest. Of one order the
    /// first that was never tried goes in place of later ones, which wait for that try; and nothing of a paused endpoint is due.
    ///
    /// # Errors
    /// The database is not available.
    pub async fn due_deliveries(&self, endpoint: &EndpointName, now: Timestamp, limit: u32) -> Result<Vec<Delivery>, StoreError> {
        let rows = self.engine().ask(DueDeliveries { endpoint: endpoint.clone(), now, limit }).await?;
        let mut due: Vec<_> = rows.into_iter().filter_map(|row| row.read(endpoint)).collect();
        due.sort_by_key(|delivery| std::cmp::Reverse((delivery.due_at, delivery.id)));
        Ok(due)
    }
}

struct DueDeliveries {
    endpoint: EndpointName,
    now: Timestamp,
    limit: u32,
}

/// The positions of what goes first from one end. Whatever waits, a window of it is read: a line that must wait leads to the one that
/// it waits for, so the window moves on.
fn end(order: &str, is_mysql: bool) -> String {
    let (by_order, by_time) = (by_index("webhook_delivery_order_id", is_mysql), by_index("webhook_delivery_due_at", is_mysql));
    format!(
        "SELECT due.position FROM (SELECT DISTINCT COALESCE((SELECT earlier.position FROM webhook_delivery earlier {by_order} \
         WHERE earlier.endpoint = ? AND earlier.order_id = line.order_id AND earlier.tries = 0 AND earlier.position < line.position \
         AND earlier.due_at IS NOT NULL ORDER BY earlier.position LIMIT 1), line.position) AS position \
         FROM (SELECT order_id, position FROM webhook_delivery {by_time} WHERE endpoint = ? AND due_at <= ? \
         ORDER BY due_at {order}, id {order} LIMIT {WINDOW}) line) first \
         JOIN webhook_delivery due ON due.endpoint = ? AND due.position = first.position \
         WHERE due.due_at <= ? ORDER BY due.due_at {order}, due.id {order} LIMIT ?"
    )
}

fn select(is_mysql: bool) -> String {
    format!(
        "SELECT delivery.id AS id, delivery.order_id AS order_id, delivery.tries AS tries, \
                 CAST(delivery.due_at AS CHAR(19)) AS due_at, CAST(delivery.created_at AS CHAR(19)) AS created_at, {} \
                 FROM (SELECT position FROM ({}) latest UNION SELECT position FROM ({}) oldest) chosen \
                 JOIN webhook_delivery delivery ON delivery.endpoint = ? AND delivery.position = chosen.position \
                 JOIN outbox event ON event.position = delivery.position \
                 WHERE NOT EXISTS (SELECT 1 FROM webhook_pause pause WHERE pause.endpoint = ?)",
        columns("event"),
        end("DESC", is_mysql),
        end("ASC", is_mysql)
    )
}

impl Query for DueDeliveries {
    type Answer = Vec<DeliveryRow>;
    const NAME: &'static str = "due deliveries";

    async fn run(&self, conn: &mut Conn) -> Result<Vec<DeliveryRow>, Error> {
        static MYSQL: LazyLock<String> = LazyLock::new(|| select(true));
        static SQLITE: LazyLock<String> = LazyLock::new(|| select(false));
        let sql = if matches!(conn, Conn::MySql(_)) { &MYSQL } else { &SQLITE };
        let (endpoint, now) = (self.endpoint.as_str(), column(self.now));
        let mut values = Values::default();
        for _ in ["latest", "oldest"] {
            values.extend([endpoint.into(), endpoint.into(), now.into(), endpoint.into(), now.into(), self.limit.into()]);
        }
        values.extend([endpoint.into(), endpoint.into()]);
        conn.rows(sql, values).await
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
