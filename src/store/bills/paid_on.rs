//! What was paid here within a range of times, by whatever a bill says.

use sqlx::Error;

use crate::deal::{AccountId, Timestamp};
use crate::store::deals::accounts::ACCOUNT;
use crate::store::engine::connection::{Conn, by_engine};
use crate::store::engine::index_hints::by_index;
use crate::store::engine::statement::Query;
use crate::store::error::StoreError;
use crate::store::handle::Store;

use super::booked_deals::{BookedDeal, BookedDealRow, COLUMNS, readable};
use super::line::{Range, Texts, Walk};

impl Store {
    /// The first so many of an account's deals that WeChat was paid by from one time on and before another, in the order of that time and
    /// of their rows' numbers; behind one that has been read. Fewer: there are no more.
    ///
    /// # Errors
    /// The database is not available.
    pub async fn paid_on(
        &self,
        account: &AccountId,
        from: Timestamp,
        until: Timestamp,
        behind: Option<(Timestamp, i64)>,
        limit: u32,
    ) -> Result<Vec<BookedDeal>, StoreError> {
        let (mut found, mut left) = (Vec::new(), Some(Range::of(account, from, until, behind, limit)));
        while let Some(range) = left.take() {
            let walk = self.engine().report(PaidOn(range.clone())).await?;
            let rows = readable(walk.rows);
            left = walk.ended_at.and_then(|place| range.behind(place, rows.len()));
            found.extend(rows);
        }
        Ok(found)
    }
}

struct PaidOn(Range);

/// The line of what was paid.
pub fn texts(is_mysql: bool) -> Texts {
    let filter = format!("order_key IS NOT NULL AND COALESCE(mode, 0) = 0 AND {ACCOUNT} = ?");
    Texts::new(["deal", &by_index("deal_status_update_at", is_mysql)], "status = 1 AND ", "update_at", COLUMNS, &filter)
}

impl Query for PaidOn {
    type Answer = Walk<BookedDealRow>;
    const NAME: &'static str = "paid on";

    async fn run(&self, conn: &mut Conn) -> Result<Self::Answer, Error> {
        self.0.walk(by_engine!(conn, Texts, texts), conn).await
    }
}
