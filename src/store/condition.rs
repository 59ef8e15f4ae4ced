//! A health check: what of the database's own affairs matters to the operator.

use chrono::DateTime;
use sqlx::Error;

use crate::deal::Timestamp;

use super::engine::connection::Conn;
use super::engine::statement::Query;
use super::error::StoreError;
use super::handle::Store;
use super::schema::durability::Durability;
use super::schema::foreign_clock::ForeignClock;

/// What of the database's own affairs matters to the operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Condition {
    /// How it keeps what it acknowledges.
    pub durability: Durability,
    /// How many connections it allows, to all programs together. `None`: it is a file of ours.
    pub connections: Option<i64>,
    /// What its clock says, in whole seconds. `None`: it is ours.
    pub clock: Option<Timestamp>,
    /// By which clock other programs' rows are written.
    pub foreign_clock: ForeignClock,
}

impl Store {
    /// Asks the database how it does.
    ///
    /// # Errors
    /// It cannot be reached.
    pub async fn condition(&self) -> Result<Condition, StoreError> {
        let condition = self.engine().ask(AskCondition).await?;
        self.set_foreign_clock(condition.foreign_clock);
        Ok(condition)
    }
}

struct AskCondition;

impl Query for AskCondition {
    type Answer = Condition;
    const NAME: &'static str = "condition";

    async fn run(&self, conn: &mut Conn) -> Result<Condition, Error> {
        // It touches a table: without one a server would answer that is none to be asked any more.
        // Without a binary log, when it is written decides nothing. With one, a restart after a power cut rolls
        // back what is not in it.
        const VALUES: &str = "SELECT CAST(@@GLOBAL.innodb_flush_log_at_trx_commit AS SIGNED), \
                              CAST(IF(@@GLOBAL.log_bin, @@GLOBAL.sync_binlog, 1) AS SIGNED), \
                              CAST(@@GLOBAL.max_connections AS SIGNED), CAST(UNIX_TIMESTAMP() AS SIGNED), \
                              (SELECT COUNT(*) FROM deal WHERE id = 0)";
        let (flush, sync, connections, seconds, _): (i64, i64, Option<i64>, Option<i64>, i64) = match conn {
            Conn::MySql(c) => sqlx::query_as(VALUES).fetch_one(&mut *c).await?,
            // The connection itself sets synchronous=FULL, and the clock is ours; what is asked here is whether it answers.
            Conn::Sqlite(c) => {
                sqlx::query_as("SELECT 1, 1, NULL, NULL, (SELECT COUNT(*) FROM deal WHERE id = 0)").fetch_one(&mut *c).await?
            }
        };
        Ok(Condition {
            durability: Durability::of(flush, sync),
            connections,
            clock: seconds.and_then(|seconds| DateTime::from_timestamp(seconds, 0)),
            foreign_clock: ForeignClock::read_from(conn).await?,
        })
    }
}
