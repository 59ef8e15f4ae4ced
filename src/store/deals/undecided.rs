//! A report: how many deals are undecided, and since when the oldest of them is.
//!
//! Their looks stand in the index of `due_at`, and every entry of it ends with the row's number; numbers grow with time. A
//! row in it that another program has decided counts no more, though it may stand there until its look would be due.

use sqlx::Error;

use crate::deal::Timestamp;
use crate::store::columns::time;
use crate::store::engine::connection::Conn;
use crate::store::engine::statement::Query;
use crate::store::engine::values::Values;
use crate::store::error::StoreError;
use crate::store::handle::Store;

/// The deals that are neither paid nor expired, and are followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Undecided {
    /// How many; 100,000 are taken for all, so that the question costs no more when it matters.
    pub count: i64,
    /// When the oldest was opened.
    pub oldest: Option<Timestamp>,
}

impl Store {
    /// The undecided deals: how many, and since when.
    ///
    /// # Errors
    /// The database is not available.
    pub async fn undecided(&self) -> Result<Undecided, StoreError> {
        Ok(self.engine().report(CountUndecided).await?)
    }
}

struct CountUndecided;

impl Query for CountUndecided {
    type Answer = Undecided;
    const NAME: &'static str = "undecided";

    async fn run(&self, conn: &mut Conn) -> Result<Undecided, Error> {
        const SELECT: &str = "\
            SELECT counted.number, CAST(deal.create_at AS CHAR(19)) FROM \
            (SELECT COUNT(*) AS number, MIN(id) AS oldest FROM \
            (SELECT id FROM deal WHERE due_at IS NOT NULL AND COALESCE(status, 0) = 0 ORDER BY due_at LIMIT 100000) AS undecided) \
            AS counted LEFT JOIN deal ON deal.id = counted.oldest";
        let rows: Vec<(i64, Option<String>)> = conn.rows(SELECT, Values::default()).await?;
        let (count, oldest) = rows.into_iter().next().unwrap_or_default();
        Ok(Undecided { count, oldest: time(oldest) })
    }
}
