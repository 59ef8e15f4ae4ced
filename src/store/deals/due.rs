//! A work queue in the table: the deals whose next look is due.

use std::sync::LazyLock;

use sqlx::Error;
use tracing::warn;

use crate::deal::{Deal, Timestamp};
use crate::store::columns::{column, time};
use crate::store::engine::connection::Conn;
use crate::store::engine::statement::Query;
use crate::store::engine::values::Values;
use crate::store::error::StoreError;
use crate::store::handle::Store;

use super::look::MoveDue;
use super::row::{DealRow, select};

impl Store {
    /// The undecided deals whose look is due, those that came due last first. When there are more than `limit`, those
    /// between the first and the last so many are left out.
    ///
    /// # Errors
    /// The database is not available.
    pub async fn due(&self, now: Timestamp, limit: u32) -> Result<Vec<Deal>, StoreError> {
        let mut rows = self.engine().ask(Due { now, limit }).await?;
        rows.sort_by(|one, other| (&other.due_at, other.id).cmp(&(&one.due_at, one.id)));
        rows.dedup_by_key(|row| row.id);
        let mut deals = Vec::with_capacity(rows.len());
        for row in rows {
            let (id, due_at) = (row.id, time(row.due_at.clone()));
            match row.into_deal(self.foreign_clock()) {
                Ok(deal) => deals.push(deal),
                // What cannot be read is not followed, and must not take the place of what can.
                Err(error) => {
                    warn!(%error, "a deal cannot be read, so it is not followed");
                    if let Some(from) = due_at {
                        self.engine().change(MoveDue { id, from, to: None }).await?;
                    }
                }
            }
        }
        Ok(deals)
    }
}

/// Those that came due last, and those that came due first, so many of each.
struct Due {
    now: Timestamp,
    limit: u32,
}

impl Query for Due {
    type Answer = Vec<DealRow>;
    const NAME: &'static str = "due";

    async fn run(&self, conn: &mut Conn) -> Result<Vec<DealRow>, Error> {
        // COALESCE in the condition and not in the index: the rows that it leaves out are taken off the line, so they are few.
        static SELECT: LazyLock<String> = LazyLock::new(|| {
            let latest = select("due_at <= ? AND COALESCE(status, 0) = 0 ORDER BY due_at DESC LIMIT ?");
            let oldest = select("due_at <= ? AND COALESCE(status, 0) = 0 ORDER BY due_at LIMIT ?");
            format!("SELECT * FROM ({latest}) latest UNION ALL SELECT * FROM ({oldest}) oldest")
        });
        let now = column(self.now);
        conn.rows(&SELECT, Values::of([now.into(), self.limit.into(), now.into(), self.limit.into()])).await
    }
}
