//! A work queue in the table: the bills that are due; and the one of a day.

use std::sync::LazyLock;

use sqlx::Error;

use crate::deal::{AccountId, Day, Timestamp};
use crate::store::columns::column;
use crate::store::engine::connection::Conn;
use crate::store::engine::statement::Query;
use crate::store::engine::values::Values;
use crate::store::error::StoreError;
use crate::store::handle::Store;

use super::row::{BillRow, StoredBill, readable, select};

impl Store {
    /// So many of the bills that are due, those of the oldest days first.
    ///
    /// # Errors
    /// The database is not available.
    pub async fn due_bills(&self, now: Timestamp, limit: u32) -> Result<Vec<StoredBill>, StoreError> {
        Ok(readable(self.engine().ask(DueBills { now, limit }).await?))
    }

    /// The bill of an account's day, if it was ever planned.
    ///
    /// # Errors
    /// The database is not available.
    pub async fn find_bill(&self, account: &AccountId, day: Day) -> Result<Option<StoredBill>, StoreError> {
        let rows = self.engine().ask(FindBill { account: account.clone(), day }).await?;
        Ok(readable(rows).pop())
    }
}

/// What is due, in the words of a WHERE.
pub const IS_DUE: &str = "due_at <= ? ORDER BY day, id LIMIT ?";

/// The bill of an account's day, likewise.
pub const OF_DAY: &str = "account = ? AND day = ?";

struct DueBills {
    now: Timestamp,
    limit: u32,
}

impl Query for DueBills {
    type Answer = Vec<BillRow>;
    const NAME: &'static str = "due bills";

    async fn run(&self, conn: &mut Conn) -> Result<Vec<BillRow>, Error> {
        static SELECT: LazyLock<String> = LazyLock::new(|| select(IS_DUE));
        conn.rows(&SELECT, Values::of([column(self.now).into(), self.limit.into()])).await
    }
}

/// The bill of an account's day.
pub struct FindBill {
    /// Whose.
    pub account: AccountId,
    /// Of which day.
    pub day: Day,
}

impl Query for FindBill {
    type Answer = Vec<BillRow>;
    const NAME: &'static str = "find bill";

    async fn run(&self, conn: &mut Conn) -> Result<Vec<BillRow>, Error> {
        static SELECT: LazyLock<String> = LazyLock::new(|| select(OF_DAY));
        let day = self.day.to_string();
        conn.rows(&SELECT, Values::of([self.account.as_str().into(), day.as_str().into()])).await
    }
}
