//! A work queue in the table: the bills that are due; and the one of a day.

use std::sync::LazyLock;

use sqlx::Error;

use crate::deal::{AccountId, Day, Timestamp};
use crate::store::columns::column;
use crate::store::deals::accounts;
use crate::store::engine::connection::{Conn, by_engine};
use crate::store::engine::index_hints::by_index;
use crate::store::engine::statement::Query;
use crate::store::engine::values::Values;
use crate::store::error::StoreError;
use crate::store::handle::Store;

use super::row::{BillRow, COLUMNS, StoredBill, readable, select};

impl Store {
    /// So many of the bills of these accounts that are due, those of the oldest days first.
    ///
    /// # Errors
    /// The database is not available.
    pub async fn due_bills(&self, now: Timestamp, accounts: &[AccountId], limit: u32) -> Result<Vec<StoredBill>, StoreError> {
        Ok(readable(self.engine().ask(DueBills { now, accounts: accounts::set(accounts), limit }).await?))
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

/// What is due. An optimizer that hopes to need no sorting would walk through the days of years.
pub fn due(is_mysql: bool) -> String {
    let (bill, is_of_these) = (by_index("bill_due_at", is_mysql), accounts::is_one_in_set(is_mysql, "bill.account"));
    format!("SELECT {COLUMNS} FROM bill {bill} WHERE due_at <= ? AND {is_of_these} ORDER BY bill.day, bill.id LIMIT ?")
}

/// The bill of an account's day, in the words of a WHERE.
pub const OF_DAY: &str = "account = ? AND day = ?";

struct DueBills {
    now: Timestamp,
    /// An [`accounts::set`].
    accounts: String,
    limit: u32,
}

impl Query for DueBills {
    type Answer = Vec<BillRow>;
    const NAME: &'static str = "due bills";

    async fn run(&self, conn: &mut Conn) -> Result<Vec<BillRow>, Error> {
        let select = by_engine!(conn, String, due);
        conn.rows(select, Values::of([column(self.now).into(), self.accounts.as_str().into(), self.limit.into()])).await
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
