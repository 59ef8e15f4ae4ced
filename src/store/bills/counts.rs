//! A report: what operators are to see without asking for it.

use sqlx::Error;

use crate::deal::{AccountId, Day, DifferenceKind};
use crate::store::engine::connection::Conn;
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

    /// How many bills from `since` on are missing, by their accounts; those of which there are none are left out.
    ///
    /// # Errors
    /// The database is not available.
    pub async fn missing_days(&self, since: Day) -> Result<Vec<(AccountId, i64)>, StoreError> {
        let rows = self.engine().report(MissingDays { since }).await?;
        Ok(rows.into_iter().map(|(account, count)| (AccountId::from_column(Some(account)), count)).collect())
    }
}

/// How many are open of each kind. (Below 0 are those on the way into a bill.)
pub const OPEN: &str = "SELECT kind, COUNT(*) FROM bill_difference WHERE state = 'OPEN' AND bill_id > 0 GROUP BY kind ORDER BY kind";

struct OpenDifferences;

impl Query for OpenDifferences {
    type Answer = Vec<(String, i64)>;
    const NAME: &'static str = "open differences";

    async fn run(&self, conn: &mut Conn) -> Result<Self::Answer, Error> {
        conn.rows(OPEN, Values::default()).await
    }
}

/// How many days are missing of each account.
pub const MISSING: &str = "SELECT account, COUNT(*) FROM bill WHERE day >= ? AND outcome = 'missing' GROUP BY account ORDER BY account";

struct MissingDays {
    since: Day,
}

impl Query for MissingDays {
    type Answer = Vec<(String, i64)>;
    const NAME: &'static str = "missing days";

    async fn run(&self, conn: &mut Conn) -> Result<Self::Answer, Error> {
        let since = self.since.to_string();
        conn.rows(MISSING, Values::of([since.as_str().into()])).await
    }
}
