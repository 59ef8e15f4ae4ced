//! How many refunds stand how, and since when the oldest undecided one waits: for metrics and readiness.

use sqlx::Error;

use crate::deal::{RefundState, Timestamp};
use crate::store::columns::time;
use crate::store::engine::connection::Conn;
use crate::store::engine::statement::Query;
use crate::store::engine::values::Values;
use crate::store::error::StoreError;
use crate::store::handle::Store;

/// Refunds that are not decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct UndecidedRefunds {
    /// How many; 100,000 are taken for all.
    pub count: i64,
    /// When the oldest was asked for.
    pub oldest: Option<Timestamp>,
}

impl Store {
    /// The undecided refunds: how many, and since when.
    ///
    /// # Errors
    /// The database is not available.
    pub async fn undecided_refunds(&self) -> Result<UndecidedRefunds, StoreError> {
        Ok(self.engine().report(CountUndecided).await?)
    }
}

struct CountUndecided;

impl Query for CountUndecided {
    type Answer = UndecidedRefunds;
    const NAME: &'static str = "undecided refunds";

    async fn run(&self, conn: &mut Conn) -> Result<UndecidedRefunds, Error> {
        const SELECT: &str = "SELECT COUNT(*), CAST(MIN(created_at) AS CHAR(19)) FROM \
                              (SELECT created_at FROM refund WHERE state = ? ORDER BY created_at LIMIT 100000) undecided";
        let rows: Vec<(i64, Option<String>)> = conn.rows(SELECT, Values::of([RefundState::Processing.as_str().into()])).await?;
        let (count, oldest) = rows.into_iter().next().unwrap_or_default();
        Ok(UndecidedRefunds { count, oldest: time(oldest) })
    }
}
