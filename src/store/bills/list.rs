//! A report: bills, and how the books stand to each.

use std::sync::LazyLock;

use sqlx::Error;

use crate::deal::{AccountId, Bill, Day};
use crate::store::engine::connection::Conn;
use crate::store::engine::statement::Query;
use crate::store::engine::values::Values;
use crate::store::error::StoreError;
use crate::store::handle::Store;

use super::row::{BillRow, COLUMNS};

impl Store {
    /// The bills of these days, both counted, of all accounts: the newest day first.
    ///
    /// # Errors
    /// The database is not available.
    pub async fn bills_between(&self, from: Day, to: Day) -> Result<Vec<Bill>, StoreError> {
        Ok(bills(self.engine().report(BillsBetween { from, to }).await?))
    }

    /// A bill by its row's number.
    ///
    /// # Errors
    /// The database is not available.
    pub async fn bill(&self, id: i64) -> Result<Option<Bill>, StoreError> {
        Ok(bills(self.engine().ask(OneBill(id)).await?).pop())
    }
}

/// Which bills are listed.
#[derive(Debug, Clone)]
pub struct BillWish {
    /// Of this account alone.
    pub account: Option<AccountId>,
    /// Of these days, both counted.
    pub from: Day,
    /// The last of them.
    pub to: Day,
    /// At most so many.
    pub limit: u32,
}

impl Store {
    /// The bills that are wished for: the newest day first, and the accounts of a day by their names.
    ///
    /// # Errors
    /// The database is not available.
    pub async fn bills_listed(&self, wish: BillWish) -> Result<Vec<Bill>, StoreError> {
        Ok(bills(self.engine().report(BillsListed(wish)).await?))
    }
}

/// Those of one account, in its index's order.
pub const OF_ACCOUNT: &str = "bill.account = ? AND bill.day >= ? AND bill.day <= ? ORDER BY bill.day DESC LIMIT ?";

struct BillsListed(BillWish);

impl Query for BillsListed {
    type Answer = Vec<CountedRow>;
    const NAME: &'static str = "bills listed";

    async fn run(&self, conn: &mut Conn) -> Result<Vec<CountedRow>, Error> {
        static OF_ALL: LazyLock<String> = LazyLock::new(|| select(&format!("{OF_DAYS} LIMIT ?")));
        static OF_ONE: LazyLock<String> = LazyLock::new(|| select(OF_ACCOUNT));
        let BillWish { account, from, to, limit } = &self.0;
        let (from, to) = (from.to_string(), to.to_string());
        let mut values = Values::default();
        if let Some(account) = account {
            values.add(account.as_str());
        }
        values.extend([from.as_str().into(), to.as_str().into(), (*limit).into()]);
        conn.rows(if account.is_some() { &OF_ONE } else { &OF_ALL }, values).await
    }
}

/// A row of `bill`, and how many of its differences are open.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct CountedRow {
    #[sqlx(flatten)]
    row: BillRow,
    open_count: i64,
}

fn bills(rows: Vec<CountedRow>) -> Vec<Bill> {
    rows.into_iter().filter_map(|CountedRow { row, open_count }| Some(row.into_bill()?.with_open(open_count))).collect()
}

/// The question for rows with their counts, in either engine's words.
pub fn select(condition: &str) -> String {
    format!(
        "SELECT {COLUMNS}, (SELECT COUNT(*) FROM bill_difference WHERE bill_id = bill.id AND state = 'OPEN') AS open_count \
         FROM bill WHERE {condition}"
    )
}

/// Days as a list has them.
pub const OF_DAYS: &str = "bill.day >= ? AND bill.day <= ? ORDER BY bill.day DESC, bill.account";

struct BillsBetween {
    from: Day,
    to: Day,
}

impl Query for BillsBetween {
    type Answer = Vec<CountedRow>;
    const NAME: &'static str = "bills between";

    async fn run(&self, conn: &mut Conn) -> Result<Vec<CountedRow>, Error> {
        static SELECT: LazyLock<String> = LazyLock::new(|| select(OF_DAYS));
        let (from, to) = (self.from.to_string(), self.to.to_string());
        conn.rows(&SELECT, Values::of([from.as_str().into(), to.as_str().into()])).await
    }
}

struct OneBill(i64);

impl Query for OneBill {
    type Answer = Vec<CountedRow>;
    const NAME: &'static str = "one bill";

    async fn run(&self, conn: &mut Conn) -> Result<Vec<CountedRow>, Error> {
        static SELECT: LazyLock<String> = LazyLock::new(|| select("bill.id = ?"));
        conn.rows(&SELECT, Values::of([self.0.into()])).await
    }
}
