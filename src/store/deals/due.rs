//! A work queue in the table: the deals whose next look is due.

use std::sync::LazyLock;

use sqlx::Error;
use tracing::warn;

use crate::deal::{AccountId, Deal, Timestamp};
use crate::store::columns::{column, time};
use crate::store::engine::connection::Conn;
use crate::store::engine::statement::Query;
use crate::store::engine::values::Values;
use crate::store::error::StoreError;
use crate::store::handle::Store;

use super::accounts;
use super::look::MoveDue;
use super::row::{DealRow, select};

/// Deals whose look is due.
#[derive(Debug)]
pub struct DueDeals {
    /// Those that came due last first.
    pub deals: Vec<Deal>,
    /// There may be more than were read.
    pub is_cut: bool,
}

impl Store {
    /// The undecided deals whose look is due, but for those of the accounts `but_of`. When there are more than `limit`, those
    /// between the first and the last so many are left out.
    ///
    /// # Errors
    /// The database is not available.
    pub async fn due(&self, now: Timestamp, limit: u32, but_of: &[AccountId]) -> Result<DueDeals, StoreError> {
        let mut rows = self.engine().ask(Due { now, limit, but_of: accounts::set(but_of) }).await?;
        rows.sort_by(|one, other| (&other.due_at, other.id).cmp(&(&one.due_at, one.id)));
        rows.dedup_by_key(|row| row.id);
        let is_cut = u64::try_from(rows.len()).unwrap_or(u64::MAX) >= 2 * u64::from(limit);
        let mut deals = Vec::with_capacity(rows.len());
        for row in rows {
            let (id, due_at) = (row.id, time(row.due_at.clone()));
            match row.into_deal(self.foreign_clock()) {
                Ok(deal) => deals.push(deal),
                // What cannot be read is not followed, and must not take the place of what can.
                Err(error) => {
                    warn!(%error, "a deal cannot be read, so it is not followed");
                    if let Some(from) = due_at {
                        self.engine().change(MoveDue { id, from, to: None }).await?;
                    }
                }
            }
        }
        Ok(DueDeals { deals, is_cut })
    }
}

/// Those that came due last, and those that came due first, so many of each.
struct Due {
    now: Timestamp,
    limit: u32,
    /// An [`accounts::set`].
    but_of: String,
}

/// Both ends of a line: of the rows that are due by this column, those that came due last and those that came due first.
pub fn both_ends(select: impl Fn(&str) -> String, due_at: &str, condition: &str) -> String {
    let latest = select(&format!("{due_at} <= ? AND {condition} ORDER BY {due_at} DESC LIMIT ?"));
    let oldest = select(&format!("{due_at} <= ? AND {condition} ORDER BY {due_at} LIMIT ?"));
    format!("SELECT * FROM ({latest}) latest UNION ALL SELECT * FROM ({oldest}) oldest")
}

/// The values of [`both_ends`], whose condition has a set of accounts.
pub fn both_ends_values(now: Timestamp, but_of: &str, limit: u32) -> Values<'_> {
    let end = || [column(now).into(), but_of.into(), limit.into()];
    let mut values = Values::of(end());
    values.extend(end());
    values
}

fn ends(condition: &str) -> String {
    // COALESCE in the condition and not in the index: the rows that it leaves out are taken off the line, so they are few.
    both_ends(select, "due_at", &format!("COALESCE(status, 0) = 0{condition}"))
}

impl Query for Due {
    type Answer = Vec<DealRow>;
    const NAME: &'static str = "due";

    async fn run(&self, conn: &mut Conn) -> Result<Vec<DealRow>, Error> {
        static OF_ALL: LazyLock<String> = LazyLock::new(|| ends(""));
        static MYSQL: LazyLock<String> = LazyLock::new(|| ends(&format!(" AND NOT {}", accounts::is_in_set(true))));
        static SQLITE: LazyLock<String> = LazyLock::new(|| ends(&format!(" AND NOT {}", accounts::is_in_set(false))));
        let sql = match conn {
            _ if self.but_of.is_empty() => &OF_ALL,
            Conn::MySql(_) => &MYSQL,
            Conn::Sqlite(_) => &SQLITE,
        };
        let mut values = Values::default();
        for _ in ["latest", "oldest"] {
            values.add(column(self.now));
            if !self.but_of.is_empty() {
                values.add(self.but_of.as_str());
            }
            values.add(self.limit);
        }
        conn.rows(sql, values).await
    }
}
