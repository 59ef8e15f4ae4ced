//! A work queue in the table: the refunds that are due to be sent again or asked about.

use std::sync::LazyLock;

use chrono::TimeDelta;
use sqlx::Error;
use tracing::warn;

use crate::deal::{AccountId, Refund, Timestamp};
use crate::store::columns::{column, time};
use crate::store::deals::accounts;
use crate::store::deals::due::{both_ends, both_ends_values};
use crate::store::engine::connection::Conn;
use crate::store::engine::statement::{Change, Query};
use crate::store::engine::values::Values;
use crate::store::error::StoreError;
use crate::store::handle::Store;

use super::row::{RefundRow, select};

/// How long a row is put off that this version cannot read.
const UNREADABLE: TimeDelta = TimeDelta::hours(1);

/// Refunds that are due.
#[derive(Debug)]
pub struct DueRefunds {
    /// Those that came due last first.
    pub refunds: Vec<Refund>,
    /// There may be more than were read.
    pub is_cut: bool,
}

impl Store {
    /// The undecided refunds that are due, but for those of the accounts `but_of`. When there are more than `limit`, those between
    /// the first and the last so many are left out.
    ///
    /// # Errors
    /// The database is not available.
    pub async fn due_refunds(&self, now: Timestamp, limit: u32, but_of: &[AccountId]) -> Result<DueRefunds, StoreError> {
        let mut rows = self.engine().ask(Due { now, limit, but_of: accounts::set(but_of) }).await?;
        rows.sort_by(|one, other| (&other.due_at, other.id).cmp(&(&one.due_at, one.id)));
        rows.dedup_by_key(|row| row.id);
        let is_cut = u64::try_from(rows.len()).unwrap_or(u64::MAX) >= 2 * u64::from(limit);
        let mut refunds = Vec::with_capacity(rows.len());
        for row in rows {
            let (id, due_at) = (row.id, time(row.due_at.clone()));
            match row.into_refund() {
                Ok(refund) => refunds.push(refund),
                // It must not take the place of what can be read; and a later version, which has written it, can.
                Err(error) => {
                    warn!(%error, "a refund cannot be read by this version, so it is not followed now");
                    if let Some(from) = due_at {
                        self.engine().change(PutOff { id, from, to: now + UNREADABLE }).await?;
                    }
                }
            }
        }
        Ok(DueRefunds { refunds, is_cut })
    }
}

struct Due {
    now: Timestamp,
    limit: u32,
    /// An [`accounts::set`].
    but_of: String,
}

fn ends(is_mysql: bool) -> String {
    both_ends(select, "due_at", &format!("state = 'PROCESSING' AND NOT {}", accounts::is_in_set(is_mysql)))
}

impl Query for Due {
    type Answer = Vec<RefundRow>;
    const NAME: &'static str = "due refunds";

    async fn run(&self, conn: &mut Conn) -> Result<Vec<RefundRow>, Error> {
        static MYSQL: LazyLock<String> = LazyLock::new(|| ends(true));
        static SQLITE: LazyLock<String> = LazyLock::new(|| ends(false));
        let sql = match conn {
            Conn::MySql(_) => &MYSQL,
            Conn::Sqlite(_) => &SQLITE,
        };
        conn.rows(sql, both_ends_values(self.now, &self.but_of, self.limit)).await
    }
}

/// Moves a row back in the line.
struct PutOff {
    id: i64,
    from: Timestamp,
    to: Timestamp,
}

impl Change for PutOff {
    const NAME: &'static str = "put off refund";

    async fn apply(rows: &[&Self], conn: &mut Conn) -> Result<u64, Error> {
        const UPDATE: &str = "UPDATE refund SET due_at = ? WHERE id = ? AND due_at = ? AND state = 'PROCESSING'";
        conn.change_each(UPDATE, rows, |row| Values::of([column(row.to).into(), row.id.into(), column(row.from).into()])).await
    }
}
