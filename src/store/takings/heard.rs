//! A report: when the payments of late were made, and when and by which way each became known.

use sqlx::Error;

use crate::deal::Timestamp;
use crate::store::columns::{column, time};
use crate::store::engine::connection::{Conn, by_engine};
use crate::store::engine::index_hints::by_index;
use crate::store::engine::statement::Query;
use crate::store::engine::values::Values;
use crate::store::error::StoreError;
use crate::store::handle::Store;
use crate::store::journal::event::Origin;

/// A payment that became known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HeardPayment {
    /// When it was made, by WeChat's clock.
    pub paid_at: Timestamp,
    /// When it was stored.
    pub heard_at: Timestamp,
    /// By which way.
    pub origin: Origin,
}

impl Store {
    /// The last payments since a time, so many at most: the latest first.
    ///
    /// # Errors
    /// The database is not available.
    pub async fn payments_heard(&self, since: Timestamp, limit: u32) -> Result<Vec<HeardPayment>, StoreError> {
        let rows = self.engine().report(Heard { since, limit }).await?;
        let read = |(paid_at, heard_at, origin): (Option<String>, Option<String>, String)| {
            Some(HeardPayment { paid_at: time(paid_at)?, heard_at: time(heard_at)?, origin: Origin::from_word(&origin)? })
        };
        Ok(rows.into_iter().filter_map(read).collect())
    }
}

struct Heard {
    since: Timestamp,
    limit: u32,
}

/// A range of an index from its newer end, and the journal of each deal in it.
pub fn select(is_mysql: bool) -> String {
    let paid = format!(
        "SELECT order_key, update_at FROM deal {} WHERE status = 1 AND update_at >= ? AND order_key IS NOT NULL \
         ORDER BY update_at DESC LIMIT ?",
        by_index("deal_status_update_at", is_mysql)
    );
    let join = if is_mysql { "STRAIGHT_JOIN" } else { "CROSS JOIN" };
    format!(
        "SELECT CAST(paid.update_at AS CHAR(19)), CAST(event.at AS CHAR(19)), event.source FROM ({paid}) paid \
         {join} deal_event event {} ON event.order_id = paid.order_key WHERE event.kind IN ('settled', 'settled_late')",
        by_index("deal_event_order_id", is_mysql)
    )
}

impl Query for Heard {
    type Answer = Vec<(Option<String>, Option<String>, String)>;
    const NAME: &'static str = "payments heard";

    async fn run(&self, conn: &mut Conn) -> Result<Self::Answer, Error> {
        conn.rows(by_engine!(conn, String, select), Values::of([column(self.since).into(), self.limit.into()])).await
    }
}
