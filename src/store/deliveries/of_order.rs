//! The deliveries of one order's events, for the merchant that asks what became of them.

use std::sync::LazyLock;

use sqlx::Error;

use crate::deal::{EventDelivery, OrderId};
use crate::store::columns::time;
use crate::store::engine::connection::Conn;
use crate::store::engine::statement::Query;
use crate::store::engine::values::Values;
use crate::store::error::StoreError;
use crate::store::handle::Store;

impl Store {
    /// The deliveries of an order's events, oldest first: of the newest thousand.
    ///
    /// # Errors
    /// The database is not available.
    pub async fn deliveries_of(&self, order_id: &OrderId) -> Result<Vec<EventDelivery>, StoreError> {
        Ok(self.engine().report(DeliveriesOf(order_id.clone())).await?)
    }
}

/// The deliveries of one order's events.
pub struct DeliveriesOf(pub OrderId);

impl Query for DeliveriesOf {
    type Answer = Vec<EventDelivery>;
    const NAME: &'static str = "deliveries of order";

    fn key(&self) -> Option<&str> {
        Some(self.0.as_str())
    }

    /// By the order's events: there is no index of deliveries by orders alone, whichever endpoint they are for.
    async fn run(&self, conn: &mut Conn) -> Result<Vec<EventDelivery>, Error> {
        static SELECT: LazyLock<String> = LazyLock::new(|| {
            format!(
                "SELECT {COLUMNS} FROM outbox event JOIN webhook_delivery delivery ON delivery.position = event.position \
                 WHERE event.order_id = ? ORDER BY event.position DESC, delivery.endpoint DESC LIMIT 1000"
            )
        });
        let rows: Vec<Row> = conn.rows(&SELECT, Values::of([self.0.as_str().into()])).await?;
        Ok(rows.into_iter().rev().filter_map(Row::into_delivery).collect())
    }
}

/// The columns of a [`Row`], of the event and of its delivery.
pub const COLUMNS: &str = "\
    delivery.endpoint AS endpoint, event.event_id AS event_id, event.type AS type, delivery.tries AS tries, \
    CAST(delivery.tried_at AS CHAR(19)) AS tried_at, CAST(delivery.delivered_at AS CHAR(19)) AS delivered_at, \
    CAST(delivery.given_up_at AS CHAR(19)) AS given_up_at, CAST(delivery.due_at AS CHAR(19)) AS due_at, \
    delivery.status AS status, delivery.answer AS answer";

/// A delivery as both engines give it.
#[derive(sqlx::FromRow)]
pub struct Row {
    endpoint: String,
    event_id: String,
    r#type: String,
    tries: i64,
    tried_at: Option<String>,
    delivered_at: Option<String>,
    given_up_at: Option<String>,
    due_at: Option<String>,
    status: Option<i64>,
    answer: Option<String>,
}

impl Row {
    /// `None`: no version of this program has written it.
    pub fn into_delivery(self) -> Option<EventDelivery> {
        Some(EventDelivery {
            endpoint: self.endpoint.parse().ok()?,
            event_id: self.event_id.parse().ok()?,
            event_type: self.r#type,
            tries: u32::try_from(self.tries).unwrap_or(u32::MAX),
            tried_at: time(self.tried_at),
            delivered_at: time(self.delivered_at),
            given_up_at: time(self.given_up_at),
            due_at: time(self.due_at),
            status: self.status.and_then(|status| u16::try_from(status).ok()),
            answer: self.answer,
        })
    }
}
