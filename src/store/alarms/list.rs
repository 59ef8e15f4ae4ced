//! Reports: alarms, a page at a time.

use std::sync::LazyLock;

use sqlx::Error;

use crate::deal::Alarm;
use crate::store::engine::connection::{Conn, by_engine};
use crate::store::engine::index_hints::by_index;
use crate::store::engine::statement::Query;
use crate::store::engine::values::Values;
use crate::store::error::StoreError;
use crate::store::handle::Store;

use super::row::{AlarmRow, select};

/// The open ones before a number, the newest first. However few they are among all, an optimizer might walk through those.
pub fn open_before(is_mysql: bool) -> String {
    select(&by_index(OPEN, is_mysql), "open = 1 AND id < ? ORDER BY id DESC LIMIT ?")
}

/// The open ones behind a number, the oldest first.
pub fn open_behind(is_mysql: bool) -> String {
    select(&by_index(OPEN, is_mysql), "open = 1 AND id > ? ORDER BY id LIMIT ?")
}

/// All before a number, the newest first.
pub fn before() -> String {
    select("", "id < ? ORDER BY id DESC LIMIT ?")
}

const OPEN: &str = "alarm_open";

impl Store {
    /// The newest alarms before the one of this number, or the newest of all: those that are open, or all.
    ///
    /// # Errors
    /// The database is not available.
    pub async fn alarms(&self, is_open: bool, before: Option<i64>, limit: u32) -> Result<Vec<Alarm>, StoreError> {
        let before = before.unwrap_or(i64::MAX);
        Ok(alarms(self.engine().report(Newest { is_open, before, limit }).await?))
    }

    /// The oldest open alarms behind the one of this number.
    ///
    /// # Errors
    /// The database is not available.
    pub async fn open_alarms(&self, behind: i64, limit: u32) -> Result<Vec<Alarm>, StoreError> {
        Ok(alarms(self.engine().report(OldestOpen { behind, limit }).await?))
    }

    /// The alarm of this number.
    ///
    /// # Errors
    /// The database is not available.
    pub async fn alarm(&self, id: i64) -> Result<Option<Alarm>, StoreError> {
        Ok(alarms(self.engine().report(One(id)).await?).pop())
    }
}

fn alarms(rows: Vec<AlarmRow>) -> Vec<Alarm> {
    rows.into_iter().map(Alarm::from).collect()
}

struct Newest {
    is_open: bool,
    before: i64,
    limit: u32,
}

impl Query for Newest {
    type Answer = Vec<AlarmRow>;
    const NAME: &'static str = "newest alarms";

    async fn run(&self, conn: &mut Conn) -> Result<Vec<AlarmRow>, Error> {
        static ALL: LazyLock<String> = LazyLock::new(before);
        let open = by_engine!(conn, String, open_before);
        conn.rows(if self.is_open { open } else { &ALL }, Values::of([self.before.into(), self.limit.into()])).await
    }
}

struct OldestOpen {
    behind: i64,
    limit: u32,
}

impl Query for OldestOpen {
    type Answer = Vec<AlarmRow>;
    const NAME: &'static str = "open alarms";

    async fn run(&self, conn: &mut Conn) -> Result<Vec<AlarmRow>, Error> {
        let select = by_engine!(conn, String, open_behind);
        conn.rows(select, Values::of([self.behind.into(), self.limit.into()])).await
    }
}

struct One(i64);

impl Query for One {
    type Answer = Vec<AlarmRow>;
    const NAME: &'static str = "one alarm";

    async fn run(&self, conn: &mut Conn) -> Result<Vec<AlarmRow>, Error> {
        static SELECT: LazyLock<String> = LazyLock::new(|| select("", "id = ?"));
        conn.rows(&SELECT, Values::of([self.0.into()])).await
    }
}
