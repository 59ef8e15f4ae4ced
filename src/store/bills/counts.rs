//! A report: what operators are to see without asking for it.

use sqlx::Error;

use crate::deal::{AccountId, Day, DifferenceKind};
use crate::store::engine::connection::{Conn, by_engine};
use crate::store::engine::index_hints::by_index;
use crate::store::engine::statement::Query;
use crate::store::engine::values::Values;
use crate::store::error::StoreError;
use crate::store::handle::Store;

impl Store {
    /// How many differences are open, by their kinds; those of which there are none are left out.
    ///
    /// # Errors
    /// The database is not available.
    pub async fn open_differences(&self) -> Result<Vec<(DifferenceKind, i64)>, StoreError> {
        let rows = self.engine().report(OpenDifferences).await?;
        Ok(rows.into_iter().filter_map(|(kind, count)| Some((DifferenceKind::from_word(&kind)?, count))).collect())
    }

    /// How many bills from `since` on are missing, by their accounts; those of which there are none are left out. One of before `overdue`
    /// that was never looked at to its end is missing too, whatever is in the way.
    ///
    /// # Errors
    /// The database is not available.
    pub async fn missing_days(&self, since: Day, overdue: Day) -> Result<Vec<(AccountId, i64)>, StoreError> {
        let rows = self.engine().report(MissingDays { since, overdue }).await?;
        Ok(rows.into_iter().map(|(account, count)| (AccountId::from_column(Some(account)), count)).collect())
    }
}

/// How many are open of each kind.
pub const OPEN: &str = "SELECT kind, COUNT(*) FROM bill_difference WHERE state = 'OPEN' GROUP BY kind ORDER BY kind";

struct OpenDifferences;

impl Query for OpenDifferences {
    type Answer = Vec<(String, i64)>;
    const NAME: &'static str = "open differences";

    async fn run(&self, conn: &mut Conn) -> Result<Self::Answer, Error> {
        conn.rows(OPEN, Values::default()).await
    }
}

/// How many days are missing of each account, found by the days, which are few.
pub fn missing(is_mysql: bool) -> String {
    let bill = format!("bill {}", by_index("bill_day_only", is_mysql));
    let is_missing = "outcome = 'missing' OR outcome IS NULL AND day < ?";
    format!("SELECT account, COUNT(*) FROM {bill} WHERE day >= ? AND ({is_missing}) GROUP BY account ORDER BY account")
}

struct MissingDays {
    since: Day,
    overdue: Day,
}

impl Query for MissingDays {
    type Answer = Vec<(String, i64)>;
    const NAME: &'static str = "missing days";

    async fn run(&self, conn: &mut Conn) -> Result<Self::Answer, Error> {
        let (since, overdue) = (self.since.to_string(), self.overdue.to_string());
        let select = by_engine!(conn, String, missing);
        conn.rows(select, Values::of([since.as_str().into(), overdue.as_str().into()])).await
    }
}
