//! Aggregate counts of the undecided refunds, for metrics: how many there are, how many of them WeChat has not accepted, and since when.

use sqlx::Error;

use crate::deal::{RefundState, Timestamp};
use crate::store::columns::time;
use crate::store::engine::connection::Conn;
use crate::store::engine::statement::Query;
use crate::store::engine::values::Values;
use crate::store::error::StoreError;
use crate::store::handle::Store;

/// How many refunds are not decided; 100,000 are taken for all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RefundCounts {
    /// All of them.
    pub undecided: i64,
    /// When the oldest was asked for, of those that are followed: one that was given up is an alarm of its own.
    pub oldest_followed: Option<Timestamp>,
    /// Those that WeChat has not accepted.
    pub unaccepted: i64,
    /// When the oldest of these was asked for.
    pub oldest_unaccepted: Option<Timestamp>,
}

impl Store {
    /// The undecided refunds: how many, and since when.
    ///
    /// # Errors
    /// The database is not available.
    pub async fn undecided_refunds(&self) -> Result<RefundCounts, StoreError> {
        Ok(self.engine().report(CountUndecided).await?)
    }
}

struct CountUndecided;

impl Query for CountUndecided {
    type Answer = RefundCounts;
    const NAME: &'static str = "undecided refunds";

    async fn run(&self, conn: &mut Conn) -> Result<RefundCounts, Error> {
        const SELECT: &str = "SELECT COUNT(*), CAST(MIN(CASE WHEN due_at IS NOT NULL THEN created_at END) AS CHAR(19)), \
                              COUNT(CASE WHEN wechat_refund_id IS NULL THEN 1 END), \
                              CAST(MIN(CASE WHEN wechat_refund_id IS NULL THEN created_at END) AS CHAR(19)) FROM \
                              (SELECT created_at, due_at, wechat_refund_id FROM refund WHERE state = ? ORDER BY created_at \
                              LIMIT 100000) undecided";
        type Row = (i64, Option<String>, i64, Option<String>);
        let rows: Vec<Row> = conn.rows(SELECT, Values::of([RefundState::Processing.as_str().into()])).await?;
        let (undecided, oldest_followed, unaccepted, oldest_unaccepted) = rows.into_iter().next().unwrap_or_default();
        Ok(RefundCounts { undecided, oldest_followed: time(oldest_followed), unaccepted, oldest_unaccepted: time(oldest_unaccepted) })
    }
}
