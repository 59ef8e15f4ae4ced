//! A report: bills, and how the books stand to each.

use std::sync::LazyLock;

use sqlx::Error;

use crate::deal::{Bill, Day};
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
