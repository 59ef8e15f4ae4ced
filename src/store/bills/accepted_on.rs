//! What WeChat accepted to give back within a range of times, by whatever a bill says.

use sqlx::Error;

use crate::deal::{AccountId, Timestamp};
use crate::store::deals::accounts::ACCOUNT;
use crate::store::engine::connection::{Conn, by_engine};
use crate::store::engine::index_hints::by_index;
use crate::store::engine::statement::Query;
use crate::store::error::StoreError;
use crate::store::handle::Store;

use super::booked_refunds::{BookedRefund, BookedRefundRow, COLUMNS, readable};
use super::line::{Range, Texts, Walk};

impl Store {
    /// The first so many of an account's refunds that WeChat accepted from one time on and before another, however they stand now, in the
    /// order of that time and of their rows' numbers; behind one that has been read. Fewer: there are no more. Of those that others made
    /// it is not known when that was.
    ///
    /// # Errors
    /// The database is not available.
    pub async fn accepted_on(
        &self,
        account: &AccountId,
        from: Timestamp,
        until: Timestamp,
        behind: Option<(Timestamp, i64)>,
        limit: u32,
    ) -> Result<Vec<BookedRefund>, StoreError> {
        let (mut found, mut left) = (Vec::new(), Some(Range::of(account, from, until, behind, limit)));
        while let Some(range) = left.take() {
            let walk = self.engine().report(AcceptedOn(range.clone())).await?;
            let rows = readable(walk.rows);
            left = walk.ended_at.and_then(|place| range.behind(place, rows.len()));
            found.extend(rows);
        }
        Ok(found)
    }
}

struct AcceptedOn(Range);

/// The line of what was accepted.
pub fn texts(is_mysql: bool) -> Texts {
    let filter = format!("source <> 'platform' AND {ACCOUNT} = ?");
    Texts::new(["refund", &by_index("refund_accepted_at", is_mysql)], "", "accepted_at", COLUMNS, &filter)
}

impl Query for AcceptedOn {
    type Answer = Walk<BookedRefundRow>;
    const NAME: &'static str = "accepted on";

    async fn run(&self, conn: &mut Conn) -> Result<Self::Answer, Error> {
        self.0.walk(by_engine!(conn, Texts, texts), conn).await
    }
}
