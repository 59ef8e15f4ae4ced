//! Rows that the original has inserted after adoption: the first instance that sees one claims it as the row of record.

use std::sync::LazyLock;

use sqlx::Error;

use crate::deal::{Deal, OrderId, Timestamp};
use crate::store::columns::column;
use crate::store::engine::connection::Conn;
use crate::store::engine::error::StatementError;
use crate::store::engine::statement::{Change, Purpose, Query};
use crate::store::engine::values::Values;
use crate::store::error::StoreError;
use crate::store::handle::Store;

use super::row::{DealRow, select};

impl Store {
    /// The deal of this number. A row that the original inserted after adoption is claimed on first sight.
    ///
    /// # Errors
    /// The database is not available, or the row is impossible.
    pub async fn find(&self, order_id: &OrderId) -> Result<Option<Deal>, StoreError> {
        self.find_or_claim(Purpose::Begins, order_id).await
    }

    /// The same for what was begun and must be finished: it goes before the callers that only ask.
    ///
    /// # Errors
    /// As [`Store::find`].
    pub async fn find_to_finish(&self, order_id: &OrderId) -> Result<Option<Deal>, StoreError> {
        self.find_or_claim(Purpose::Finishes, order_id).await
    }

    async fn find_or_claim(&self, purpose: Purpose, order_id: &OrderId) -> Result<Option<Deal>, StoreError> {
        if let Some(deal) = self.find_claimed(purpose, order_id).await? {
            return Ok(Some(deal));
        }
        let unclaimed = self.engine().ask_for(purpose, FindUnclaimed(order_id.clone())).await?;
        let Some(row) = DealRow::of_record(unclaimed, order_id) else { return Ok(None) };
        let clock = self.foreign_clock();
        match self.engine().change_for(purpose, Claim { id: row.id, due_at: row.first_look(clock) }).await {
            Ok(1) => Ok(Some(row.into_deal(clock)?)),
            // Another instance has claimed one.
            Ok(_) | Err(StatementError::Conflict) => self.find_claimed(purpose, order_id).await,
            Err(error) => Err(error.into()),
        }
    }

    /// Claims rows that the original has inserted since adoption, from the row `after` on, so that they are followed.
    /// Returns the last row seen.
    ///
    /// # Errors
    /// The database is not available.
    pub async fn claim_unclaimed(&self, after: i64, limit: u32) -> Result<i64, StoreError> {
        let rows = self.engine().ask(NextUnclaimed { after, limit }).await?;
        let last = rows.last().map_or(after, |row| row.id);
        for order_id in rows.into_iter().filter_map(|row| row.order_id.parse::<OrderId>().ok()) {
            // Rows that cannot be read stay; they have been there before us.
            if let Err(error @ StoreError::Unavailable(_)) = self.find(&order_id).await {
                return Err(error);
            }
        }
        Ok(last)
    }
}

/// The rows with this number, if none is of record.
pub struct FindUnclaimed(pub OrderId);

impl Query for FindUnclaimed {
    type Answer = Vec<DealRow>;
    const NAME: &'static str = "find unclaimed";

    fn key(&self) -> Option<&str> {
        Some(self.0.as_str())
    }

    async fn run(&self, conn: &mut Conn) -> Result<Vec<DealRow>, Error> {
        static SELECT: LazyLock<String> = LazyLock::new(|| select("order_id = ? AND order_key IS NULL"));
        conn.rows(&SELECT, Values::of([self.0.as_str().into()])).await
    }
}

/// Rows that the original inserted since adoption.
struct NextUnclaimed {
    after: i64,
    limit: u32,
}

impl Query for NextUnclaimed {
    type Answer = Vec<DealRow>;
    const NAME: &'static str = "next unclaimed";

    async fn run(&self, conn: &mut Conn) -> Result<Vec<DealRow>, Error> {
        static SELECT: LazyLock<String> = LazyLock::new(|| select("order_key IS NULL AND id > ? ORDER BY id LIMIT ?"));
        conn.rows(&SELECT, Values::of([self.after.into(), self.limit.into()])).await
    }
}

struct Claim {
    id: i64,
    due_at: Option<Timestamp>,
}

impl Change for Claim {
    const NAME: &'static str = "claim";

    async fn apply(rows: &[&Self], conn: &mut Conn) -> Result<u64, Error> {
        const UPDATE: &str = "UPDATE deal SET order_key = order_id, due_at = ?, create_at = create_at, update_at = update_at \
                              WHERE id = ? AND order_key IS NULL";
        conn.change_each(UPDATE, rows, |row| Values::of([row.due_at.map(column).into(), row.id.into()])).await
    }
}
