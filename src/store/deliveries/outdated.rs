//! Deliveries that still wait although their event is too old to be kept: their endpoint is paused, or configured no more.

use sqlx::Error;

use crate::deal::{EndpointName, EventId, OrderId, Timestamp};
use crate::store::columns::{column, time};
use crate::store::engine::connection::Conn;
use crate::store::engine::statement::{Change, Purpose, Query};
use crate::store::engine::values::Values;
use crate::store::error::StoreError;
use crate::store::handle::Store;
use crate::store::journal::event::Event;

/// A delivery that waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WaitingDelivery {
    /// The row's number.
    pub id: i64,
    /// Where it was to go.
    pub endpoint: EndpointName,
    /// About which order it is.
    pub order_id: Option<OrderId>,
    /// Its event's number.
    pub event_id: EventId,
    /// Its event's type's word.
    pub event_type: String,
    /// When it comes due, or when the lease on its next try is over.
    pub due_at: Timestamp,
}

impl Store {
    /// Deliveries that wait, of events up to this position; so many at most.
    ///
    /// # Errors
    /// The database is not available.
    pub async fn waiting_deliveries(&self, position: i64, limit: u32) -> Result<Vec<WaitingDelivery>, StoreError> {
        let rows = self.engine().report(Waiting { position, limit }).await?;
        Ok(rows.into_iter().filter_map(WaitingRow::read).collect())
    }

    /// Gives a delivery up that was read so, without another try; with the event that raises the alarm, if there is one. `false` when
    /// it has moved on.
    ///
    /// # Errors
    /// The database is not available.
    pub async fn give_outdated_delivery_up(
        &self,
        delivery: &WaitingDelivery,
        at: Timestamp,
        event: Option<Event>,
    ) -> Result<bool, StoreError> {
        let change = GiveUp { id: delivery.id, due_at: delivery.due_at, at };
        let changed = match event {
            Some(event) => self.change_and_tell(change, event).await?,
            None => self.engine().change(change).await?,
        };
        Ok(changed == 1)
    }
}

struct Waiting {
    position: i64,
    limit: u32,
}

impl Query for Waiting {
    type Answer = Vec<WaitingRow>;
    const NAME: &'static str = "waiting deliveries";

    async fn run(&self, conn: &mut Conn) -> Result<Vec<WaitingRow>, Error> {
        const SELECT: &str = "SELECT delivery.id AS id, delivery.endpoint AS endpoint, delivery.order_id AS order_id, \
            event.event_id AS event_id, event.type AS type, CAST(delivery.due_at AS CHAR(19)) AS due_at \
            FROM webhook_delivery delivery JOIN outbox event ON event.position = delivery.position \
            WHERE delivery.position <= ? AND delivery.due_at IS NOT NULL ORDER BY delivery.position LIMIT ?";
        conn.rows(SELECT, Values::of([self.position.into(), self.limit.into()])).await
    }
}

#[derive(sqlx::FromRow)]
struct WaitingRow {
    id: i64,
    endpoint: String,
    order_id: Option<String>,
    event_id: String,
    r#type: String,
    due_at: String,
}

impl WaitingRow {
    fn read(self) -> Option<WaitingDelivery> {
        Some(WaitingDelivery {
            id: self.id,
            endpoint: self.endpoint.parse().ok()?,
            order_id: self.order_id.and_then(|order_id| order_id.parse().ok()),
            event_id: self.event_id.parse().ok()?,
            event_type: self.r#type,
            due_at: time(Some(self.due_at))?,
        })
    }
}

struct GiveUp {
    id: i64,
    due_at: Timestamp,
    at: Timestamp,
}

impl Change for GiveUp {
    const NAME: &'static str = "give outdated delivery up";
    const PURPOSE: Purpose = Purpose::Finishes;

    async fn apply(rows: &[&Self], conn: &mut Conn) -> Result<u64, Error> {
        const UPDATE: &str = "UPDATE webhook_delivery SET given_up_at = ?, due_at = NULL WHERE id = ? AND due_at = ?";
        conn.change_each(UPDATE, rows, |row| Values::of([column(row.at).into(), row.id.into(), column(row.due_at).into()])).await
    }
}
