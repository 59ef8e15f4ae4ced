//! Differences, by what they are asked for.

use std::sync::LazyLock;

use sqlx::Error;

use crate::deal::{Day, Difference, OrderId};
use crate::store::engine::connection::Conn;
use crate::store::engine::statement::Query;
use crate::store::engine::values::Values;
use crate::store::error::StoreError;
use crate::store::handle::Store;

use super::difference::{DifferenceRow, OF_BILL, OF_DAY, OF_ORDER, SOME, SOME_OPEN, readable, select};

impl Store {
    /// The differences of a day's bills, those of an account together.
    ///
    /// # Errors
    /// The database is not available.
    pub async fn differences_of_day(&self, day: Day) -> Result<Vec<Difference>, StoreError> {
        Ok(readable(self.engine().report(DifferencesOfDay(day)).await?))
    }

    /// The differences of a bill.
    ///
    /// # Errors
    /// The database is not available.
    pub async fn differences_of_bill(&self, bill_id: i64) -> Result<Vec<Difference>, StoreError> {
        Ok(readable(self.engine().report(DifferencesOfBill(bill_id)).await?))
    }

    /// So many differences of a bill behind the one of this number: those that are open, or all.
    ///
    /// # Errors
    /// The database is not available.
    pub async fn some_differences(&self, bill_id: i64, is_open: bool, behind: i64, limit: u32) -> Result<Vec<Difference>, StoreError> {
        Ok(readable(self.engine().report(SomeDifferences { bill_id, is_open, behind, limit }).await?))
    }

    /// The differences that name an order, those of the oldest bill first.
    ///
    /// # Errors
    /// The database is not available.
    pub async fn differences_of_order(&self, order_id: &OrderId) -> Result<Vec<Difference>, StoreError> {
        Ok(readable(self.engine().report(DifferencesOfOrder(order_id.clone())).await?))
    }

    /// A difference by its number.
    ///
    /// # Errors
    /// The database is not available.
    pub async fn find_difference(&self, id: i64) -> Result<Option<Difference>, StoreError> {
        Ok(readable(self.engine().ask(FindDifference(id)).await?).pop())
    }
}

/// Those of a day's bills.
pub struct DifferencesOfDay(pub Day);

impl Query for DifferencesOfDay {
    type Answer = Vec<DifferenceRow>;
    const NAME: &'static str = "differences of day";

    async fn run(&self, conn: &mut Conn) -> Result<Vec<DifferenceRow>, Error> {
        static SELECT: LazyLock<String> = LazyLock::new(|| select(OF_DAY));
        let day = self.0.to_string();
        conn.rows(&SELECT, Values::of([day.as_str().into()])).await
    }
}

/// Those of a bill.
pub struct DifferencesOfBill(pub i64);

impl Query for DifferencesOfBill {
    type Answer = Vec<DifferenceRow>;
    const NAME: &'static str = "differences of bill";

    async fn run(&self, conn: &mut Conn) -> Result<Vec<DifferenceRow>, Error> {
        static SELECT: LazyLock<String> = LazyLock::new(|| select(OF_BILL));
        conn.rows(&SELECT, Values::of([self.0.into()])).await
    }
}

/// Some of a bill, which has a bounded number of them.
struct SomeDifferences {
    bill_id: i64,
    is_open: bool,
    behind: i64,
    limit: u32,
}

impl Query for SomeDifferences {
    type Answer = Vec<DifferenceRow>;
    const NAME: &'static str = "some differences";

    async fn run(&self, conn: &mut Conn) -> Result<Vec<DifferenceRow>, Error> {
        static OPEN: LazyLock<String> = LazyLock::new(|| select(SOME_OPEN));
        static ALL: LazyLock<String> = LazyLock::new(|| select(SOME));
        let values = Values::of([self.bill_id.into(), self.behind.into(), self.limit.into()]);
        conn.rows(if self.is_open { &OPEN } else { &ALL }, values).await
    }
}

/// Those that name an order.
pub struct DifferencesOfOrder(pub OrderId);

impl Query for DifferencesOfOrder {
    type Answer = Vec<DifferenceRow>;
    const NAME: &'static str = "differences of order";

    fn key(&self) -> Option<&str> {
        Some(self.0.as_str())
    }

    async fn run(&self, conn: &mut Conn) -> Result<Vec<DifferenceRow>, Error> {
        static SELECT: LazyLock<String> = LazyLock::new(|| select(OF_ORDER));
        conn.rows(&SELECT, Values::of([self.0.as_str().into()])).await
    }
}

struct FindDifference(i64);

impl Query for FindDifference {
    type Answer = Vec<DifferenceRow>;
    const NAME: &'static str = "find difference";

    async fn run(&self, conn: &mut Conn) -> Result<Vec<DifferenceRow>, Error> {
        static SELECT: LazyLock<String> = LazyLock::new(|| select("found.id = ?"));
        conn.rows(&SELECT, Values::of([self.0.into()])).await
    }
}
