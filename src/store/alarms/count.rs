//! A report: how many alarms are open.

use sqlx::Error;

use crate::store::engine::connection::Conn;
use crate::store::engine::statement::Query;
use crate::store::engine::values::Values;
use crate::store::error::StoreError;
use crate::store::handle::Store;

/// So many are taken for all, so that the question costs no more when it matters.
pub const COUNT: &str = "SELECT COUNT(*) FROM (SELECT id FROM alarm WHERE open = 1 LIMIT 100000) open_ones";

impl Store {
    /// Alarms that are open; 100,000 are taken for all.
    ///
    /// # Errors
    /// The database is not available.
    pub async fn count_open_alarms(&self) -> Result<i64, StoreError> {
        Ok(self.engine().report(CountOpen).await?)
    }
}

struct CountOpen;

impl Query for CountOpen {
    type Answer = i64;
    const NAME: &'static str = "count open alarms";

    async fn run(&self, conn: &mut Conn) -> Result<i64, Error> {
        let counted: Vec<(i64,)> = conn.rows(COUNT, Values::default()).await?;
        Ok(counted.first().map_or(0, |(count,)| *count))
    }
}
