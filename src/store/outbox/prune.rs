//! Pruning: events that are older than anybody wants, in small bites.

use sqlx::Error;

use crate::deal::Timestamp;
use crate::store::columns::column;
use crate::store::engine::connection::Conn;
use crate::store::engine::statement::Change;
use crate::store::engine::values::Values;
use crate::store::error::StoreError;
use crate::store::handle::Store;

/// Rows that one transaction deletes.
const BITE: i64 = 500;

impl Store {
    /// Deletes some of the events that happened before `before`, with their deliveries, which must be decided; how many. The last event
    /// of all stays, since its position is the one that counting goes on from.
    ///
    /// # Errors
    /// The database is not available.
    pub async fn prune_outbox(&self, before: Timestamp) -> Result<u64, StoreError> {
        Ok(self.engine().change(Prune { before }).await?)
    }
}

struct Prune {
    before: Timestamp,
}

impl Change for Prune {
    const NAME: &'static str = "prune outbox";

    async fn apply(rows: &[&Self], conn: &mut Conn) -> Result<u64, Error> {
        const LAST: &str = "SELECT COALESCE(MAX(position), 0) FROM (SELECT position FROM outbox WHERE at < ? \
                            AND position < (SELECT MAX(position) FROM outbox) ORDER BY position LIMIT ?) old";
        const WAITING: &str = "SELECT COALESCE(MIN(position), 0) FROM webhook_delivery WHERE position <= ? AND due_at IS NOT NULL";
        let mut deleted = 0;
        for row in rows {
            let last: Vec<(i64,)> = conn.rows(LAST, Values::of([column(row.before).into(), BITE.into()])).await?;
            let last = last.first().map_or(0, |(last,)| *last);
            let waiting: Vec<(i64,)> = conn.rows(WAITING, Values::of([last.into()])).await?;
            let last = waiting.first().map_or(last, |(waiting,)| if *waiting > 0 { last.min(*waiting - 1) } else { last });
            conn.change("DELETE FROM webhook_delivery WHERE position <= ?", Values::of([last.into()])).await?;
            deleted += conn.change("DELETE FROM outbox WHERE position <= ?", Values::of([last.into()])).await?;
        }
        Ok(deleted)
    }
}
