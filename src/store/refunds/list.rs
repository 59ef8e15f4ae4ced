//! Deals of which WeChat told that others gave something back, and not yet what: a work queue in the table `deal`.

use std::sync::LazyLock;

use sqlx::Error;

use crate::deal::{AccountId, Deal, Timestamp};
use crate::store::columns::column;
use crate::store::deals::accounts;
use crate::store::deals::due::{DueDeals, both_ends, both_ends_values};
use crate::store::deals::find::readable;
use crate::store::deals::row::{DealRow, select};
use crate::store::engine::connection::Conn;
use crate::store::engine::statement::{Change, Query};
use crate::store::engine::values::Values;
use crate::store::error::StoreError;
use crate::store::handle::Store;
use crate::store::journal::event::Event;

impl Store {
    /// The deals whose refunds WeChat is due to be asked for, but for those of the accounts `but_of`. When there are more than
    /// `limit`, those between the first and the last so many are left out.
    ///
    /// # Errors
    /// The database is not available.
    pub async fn due_lists(&self, now: Timestamp, limit: u32, but_of: &[AccountId]) -> Result<DueDeals, StoreError> {
        let mut rows = self.engine().ask(DueLists { now, limit, but_of: accounts::set(but_of) }).await?;
        rows.sort_by(|one, other| (&other.refunds_due_at, other.id).cmp(&(&one.refunds_due_at, one.id)));
        rows.dedup_by_key(|row| row.id);
        let is_cut = u64::try_from(rows.len()).unwrap_or(u64::MAX) >= 2 * u64::from(limit);
        Ok(DueDeals { deals: readable(rows, self.foreign_clock()), is_cut })
    }

    /// Moves the time at which a deal's refunds are asked for, from the one that was read; `None`: they are known. `false`: another
    /// instance has moved it.
    ///
    /// # Errors
    /// The database is not available.
    pub async fn move_list(&self, deal: &Deal, from: Timestamp, to: Option<Timestamp>) -> Result<bool, StoreError> {
        Ok(self.engine().change(MoveList { id: deal.id, from, to }).await? == 1)
    }

    /// Has a deal's refunds asked for, unless that is planned.
    ///
    /// # Errors
    /// The database is not available.
    pub async fn ask_for_list(&self, deal: &Deal, now: Timestamp) -> Result<(), StoreError> {
        self.engine().change(AskForList { id: deal.id, now }).await?;
        Ok(())
    }

    /// Asks for a deal's refunds no more, though they are not known; `false` as above.
    ///
    /// # Errors
    /// The database is not available.
    pub async fn give_list_up(&self, deal: &Deal, from: Timestamp, event: Event) -> Result<bool, StoreError> {
        Ok(self.change_and_tell(MoveList { id: deal.id, from, to: None }, event).await? == 1)
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
        conn.rows(sql, both_ends_values(self.now, &self.but_of, self.limit)).await
    }
}

fn lists(is_mysql: bool) -> String {
    both_ends(select, "refunds_due_at", &format!("NOT {}", accounts::is_in_set(is_mysql)))
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

struct AskForList {
    id: i64,
    now: Timestamp,
}

impl Change for AskForList {
    const NAME: &'static str = "ask for list";

    async fn apply(rows: &[&Self], conn: &mut Conn) -> Result<u64, Error> {
        const UPDATE: &str = "UPDATE deal SET refunds_due_at = ?, create_at = create_at, update_at = update_at \
                              WHERE id = ? AND refunds_due_at IS NULL";
        conn.change_each(UPDATE, rows, |row| Values::of([column(row.now).into(), row.id.into()])).await
    }
}
