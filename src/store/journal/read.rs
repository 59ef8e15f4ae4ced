//! Reading the journal.

use sqlx::Error;

use crate::deal::{OrderId, Timestamp};
use crate::store::columns::time;
use crate::store::engine::connection::Conn;
use crate::store::engine::statement::Query;
use crate::store::engine::values::Values;
use crate::store::error::StoreError;
use crate::store::handle::Store;

use super::event::{EventKind, Origin, StoredEvent};

impl Store {
    /// The journal of a deal, oldest first.
    ///
    /// # Errors
    /// The database is not available.
    pub async fn events(&self, order_id: &OrderId) -> Result<Vec<StoredEvent>, StoreError> {
        Ok(self.engine().report(Events(order_id.clone())).await?)
    }
}

/// The journal of one order.
pub struct Events(pub OrderId);

impl Query for Events {
    type Answer = Vec<StoredEvent>;
    const NAME: &'static str = "events";

    fn key(&self) -> Option<&str> {
        Some(self.0.as_str())
    }

    async fn run(&self, conn: &mut Conn) -> Result<Vec<StoredEvent>, Error> {
        const SELECT: &str = "SELECT CAST(id AS SIGNED) AS id, kind, source, detail, instance, CAST(at AS CHAR(19)) AS at FROM deal_event WHERE order_id = ? ORDER BY deal_event.id";
        let rows: Vec<EventRow> = conn.rows(SELECT, Values::of([self.0.as_str().into()])).await?;
        Ok(rows.into_iter().map(StoredEvent::from).collect())
    }
}

/// The newest messages on which an order's journal rests, with the numbers of their rows. `None`: a notification has settled the deal,
/// which keeps the message itself.
pub struct EvidenceOf(pub OrderId);

impl Query for EvidenceOf {
    type Answer = Vec<(i64, Option<String>)>;
    const NAME: &'static str = "evidence of order";

    async fn run(&self, conn: &mut Conn) -> Result<Self::Answer, Error> {
        const SELECT: &str = "SELECT CAST(id AS SIGNED) AS id, evidence FROM deal_event WHERE order_id = ? AND (evidence IS NOT NULL \
                              OR (kind = 'settled' AND source = 'notification')) ORDER BY deal_event.id DESC LIMIT 8";
        conn.rows(SELECT, Values::of([self.0.as_str().into()])).await
    }
}

/// One row of the journal.
#[derive(sqlx::FromRow)]
struct EventRow {
    id: i64,
    kind: String,
    source: String,
    detail: Option<String>,
    instance: String,
    at: String,
}

impl From<EventRow> for StoredEvent {
    fn from(row: EventRow) -> Self {
        Self {
            id: row.id,
            kind: EventKind::from_word(&row.kind),
            origin: Origin::from_word(&row.source),
            detail: row.detail,
            instance: row.instance,
            at: time(Some(row.at)).unwrap_or(Timestamp::UNIX_EPOCH),
        }
    }
}
