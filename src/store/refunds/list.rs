//! Deals of which WeChat told that others gave something back, and not yet what: a work queue in the table `deal`.

use std::sync::LazyLock;

use sqlx::Error;

use crate::deal::{AccountId, Deal, Timestamp};
use crate::store::columns::column;
use crate::store::deals::accounts;
use crate::store::deals::find::readable;
use crate::store::deals::row::{DealRow, select};
use crate::store::engine::connection::Conn;
use crate::store::engine::statement::{Change, Query};
use crate::store::engine::values::Values;
use crate::store::error::StoreError;
use crate::store::handle::Store;

impl Store {
    /// So many of the deals whose refunds WeChat is due to be asked for, but for those of the accounts `but_of`, the latest first.
    ///
    /// # Errors
    /// The database is not available.
    pub async fn due_lists(&self, now: Timestamp, limit: u32, but_of: &[AccountId]) -> Result<Vec<Deal>, StoreError> {
        let rows = self.engine().ask(DueLists { now, limit, but_of: accounts::set(but_of) }).await?;
        Ok(readable(rows, self.foreign_clock()))
    }

    /// Moves the time at which a deal's refunds are asked for, from the one that was read; `None`: they are known. `false`: another
    /// instance has moved it.
    ///
    /// # Errors
    /// The database is not available.
    pub async fn move_list(&self, deal: &Deal, from: Timestamp, to: Option<Timestamp>) -> Result<bool, StoreError> {
        Ok(self.engine().change(MoveList { id: deal.id, from, to }).await? == 1)
    }
}

struct DueLists {
    now: Timestamp,
    limit: u32,
    /// An [`accounts::set`].
    but_of: String,
}

impl Query for DueLists {
    type Answer = Vec<DealRow>;
    const NAME: &'static str = "due lists";

    async fn run(&self, conn: &mut Conn) -> Result<Vec<DealRow>, Error> {
        static MYSQL: LazyLock<String> = LazyLock::new(|| lists(true));
        static SQLITE: LazyLock<String> = LazyLock::new(|| lists(false));
        let sql = match conn {
            Conn::MySql(_) => &MYSQL,
            Conn::Sqlite(_) => &SQLITE,
        };
        conn.rows(sql, Values::of([column(self.now).into(), self.but_of.as_str().into(), self.limit.into()])).await
    }
}

fn lists(is_mysql: bool) -> String {
    select(&format!("refunds_due_at <= ? AND NOT {} ORDER BY refunds_due_at DESC LIMIT ?", accounts::is_in_set(is_mysql)))
}

struct MoveList {
    id: i64,
    from: Timestamp,
    to: Option<Timestamp>,
}

impl Change for MoveList {
    const NAME: &'static str = "move list";

    async fn apply(rows: &[&Self], conn: &mut Conn) -> Result<u64, Error> {
        const UPDATE: &str = "UPDATE deal SET refunds_due_at = ?, create_at = create_at, update_at = update_at \
                              WHERE id = ? AND refunds_due_at = ?";
        conn.change_each(UPDATE, rows, |row| Values::of([row.to.map(column).into(), row.id.into(), column(row.from).into()])).await
    }
}
