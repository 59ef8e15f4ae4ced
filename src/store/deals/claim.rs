//! Rows that the original has inserted after adoption: the first instance that sees one claims it as the row of record.

use std::sync::LazyLock;

use sqlx::Error;

use crate::deal::{Deal, OrderId, Timestamp};
use crate::store::columns::column;
use crate::store::engine::connection::{Conn, by_engine};
use crate::store::engine::error::StatementError;
use crate::store::engine::index_hints::by_index;
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

    /// Claims rows that the original has inserted since adoption, so that they are followed: of so many that are none of record those
    /// whose number has no row of record. Returns the last row that was looked at; `None`: there are no more.
    ///
    /// # Errors
    /// The database is not available.
    pub async fn claim_unclaimed(&self, among: Unclaimed, limit: u32) -> Result<Option<i64>, StoreError> {
        let rows = self.engine().ask(NextUnclaimed { among, limit }).await?;
        let is_cut = u32::try_from(rows.len()).is_ok_and(|count| count >= limit);
        let last = rows.last().filter(|_| is_cut).map(|(id, _)| *id);
        for order_id in rows.into_iter().filter_map(|(_, order_id)| order_id?.parse::<OrderId>().ok()) {
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

/// Which rows that are none of record are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unclaimed {
    /// Those with the highest numbers.
    Newest,
    /// Those with the lowest numbers above this.
    Above(i64),
}

/// Rows that are none of record. What the original repeated stays so for ever, and there may be much of it.
struct NextUnclaimed {
    among: Unclaimed,
    limit: u32,
}

impl Query for NextUnclaimed {
    /// The row, and its order id where no row of that number is of record.
    type Answer = Vec<(i64, Option<String>)>;
    const NAME: &'static str = "next unclaimed";

    async fn run(&self, conn: &mut Conn) -> Result<Self::Answer, Error> {
        match self.among {
            Unclaimed::Newest => conn.rows(by_engine!(conn, String, newest), Values::of([self.limit.into()])).await,
            Unclaimed::Above(id) => conn.rows(by_engine!(conn, String, above), Values::of([id.into(), self.limit.into()])).await,
        }
    }
}

pub fn newest(is_mysql: bool) -> String {
    unclaimed("ORDER BY id DESC LIMIT ?", is_mysql)
}

pub fn above(is_mysql: bool) -> String {
    unclaimed("AND id > ? ORDER BY id LIMIT ?", is_mysql)
}

/// An optimizer that hopes for some near the end would walk through the whole table, in which mostly there is none.
fn unclaimed(range: &str, is_mysql: bool) -> String {
    let table = format!("deal {}", by_index("deal_order_key", is_mysql));
    let key = if is_mysql { "CONVERT(bite.order_id USING ascii) COLLATE ascii_bin" } else { "bite.order_id" };
    format!(
        "SELECT CAST(bite.id AS SIGNED), CASE WHEN NOT EXISTS (SELECT 1 FROM deal k WHERE k.order_key = {key}) THEN bite.order_id END \
         FROM (SELECT id, order_id FROM {table} WHERE order_key IS NULL {range}) bite"
    )
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
