//! A line of rows in the order of a time, and of their numbers where that is the same: read from its older end, so many rows at a
//! question, however few of them are wanted. (The newest come first in [`crate::store::deals::listed`].)

use sqlx::mysql::MySqlRow;
use sqlx::sqlite::SqliteRow;
use sqlx::{Error, FromRow};

use crate::deal::{AccountId, Timestamp};
use crate::store::columns::column;
use crate::store::engine::connection::Conn;
use crate::store::engine::values::Values;

/// So many rows are looked through for one question.
const EXAMINED: u32 = 2000;

/// Where a row stands.
#[derive(Debug, Clone)]
pub struct Place {
    /// With what an old table has of a second.
    time: String,
    id: i64,
}

/// A row of a line.
pub trait Numbered {
    /// Its number.
    fn number(&self) -> i64;
}

/// What is left of an account's part of a line.
#[derive(Debug, Clone)]
pub struct Range {
    /// Whose.
    pub account: AccountId,
    behind: Place,
    until: String,
    /// So many rows are wanted at most.
    limit: usize,
}

/// What one question has found.
pub struct Walk<R> {
    /// Rows in their order.
    pub rows: Vec<R>,
    /// More may be behind this place; `None`: nothing is.
    pub ended_at: Option<Place>,
}

/// The texts of a line, for rows of one time and for those of later ones: no optimizer reads a pair of columns as one range.
pub struct Texts {
    place: String,
    last_beside: String,
    last_above: String,
    rows_beside: String,
    rows_above: String,
}

impl Texts {
    /// Of a table by an index over `time`, of which `kind` names the beginning; `filter` ends in the account's `?`.
    pub fn new([table, index]: [&str; 2], kind: &str, time: &str, columns: &str, filter: &str) -> Self {
        let (beside, above) = (format!("{kind}{time} = ? AND id > ?"), format!("{kind}{time} > ?"));
        let from = format!("FROM {table} {index} WHERE");
        // By the columns' whole names, for the short ones are those of what is selected, and nothing is in the order of these.
        let order = format!("ORDER BY {table}.{time}, {table}.id");
        let last = format!("SELECT CAST({time} AS CHAR(26)), CAST(id AS SIGNED) {from}");
        Self {
            place: format!("SELECT CAST({time} AS CHAR(26)) FROM {table} WHERE id = ?"),
            last_beside: format!("{last} {beside} {order} LIMIT 1 OFFSET ?"),
            last_above: format!("{last} {above} AND {time} < ? {order} LIMIT 1 OFFSET ?"),
            rows_beside: format!("SELECT {columns} {from} {beside} AND id <= ? AND {filter} {order} LIMIT ?"),
            rows_above: format!("SELECT {columns} {from} {above} AND {time} <= ? AND ({time} < ? OR id <= ?) AND {filter} {order} LIMIT ?"),
        }
    }

    /// All of them, to be looked at.
    #[cfg(test)]
    pub fn all(&self) -> [&str; 4] {
        [&self.last_beside, &self.last_above, &self.rows_beside, &self.rows_above]
    }
}

impl Range {
    /// From a time on, or behind a row that has been read, until another time.
    pub fn of(account: &AccountId, from: Timestamp, until: Timestamp, behind: Option<(Timestamp, i64)>, limit: u32) -> Self {
        let (time, id) = behind.unwrap_or((from, 0));
        let behind = Place { time: column(time).to_string(), id };
        Self { account: account.clone(), behind, until: column(until).to_string(), limit: limit as usize }
    }

    /// What is left behind a place, when so many rows have been read; `None`: as many as were wanted.
    pub fn behind(self, place: Place, read: usize) -> Option<Self> {
        let limit = self.limit.saturating_sub(read);
        (limit > 0).then_some(Self { behind: place, limit, ..self })
    }

    /// Reads on.
    pub async fn walk<R>(&self, texts: &'static Texts, conn: &mut Conn) -> Result<Walk<R>, Error>
    where
        R: Numbered + for<'r> FromRow<'r, MySqlRow> + for<'r> FromRow<'r, SqliteRow> + Send + Unpin,
    {
        let behind = self.exactly(texts, conn).await?;
        let (time, id, until) = (behind.time.clone(), behind.id, self.until.as_str());
        let time = time.as_str();
        let skipped = EXAMINED - 1;
        let last = place(conn.rows(&texts.last_beside, Values::of([time.into(), id.into(), skipped.into()])).await?);
        let mut values = Values::of([time.into(), id.into(), last.as_ref().map_or(i64::MAX, |last| last.id).into()]);
        self.rest(&mut values, 0);
        let mut rows: Vec<R> = conn.rows(&texts.rows_beside, values).await?;
        if last.is_some() || rows.len() >= self.limit {
            return Ok(self.ended(rows, last, behind));
        }
        let last = place(conn.rows(&texts.last_above, Values::of([time.into(), until.into(), skipped.into()])).await?);
        // No row has the number 0.
        let (to, to_id) = last.as_ref().map_or((until, 0), |last| (last.time.as_str(), last.id));
        let mut values = Values::of([time.into(), to.into(), to.into(), to_id.into()]);
        self.rest(&mut values, rows.len());
        rows.extend(conn.rows::<R>(&texts.rows_above, values).await?);
        Ok(self.ended(rows, last, behind))
    }

    /// Where as many as are wanted have been found, that is behind the last of them.
    fn ended<R: Numbered>(&self, rows: Vec<R>, last: Option<Place>, from: Place) -> Walk<R> {
        let full = rows.last().filter(|_| rows.len() >= self.limit).map(|row| Place { id: row.number(), ..from });
        Walk { ended_at: full.or(last), rows }
    }

    fn rest<'v>(&'v self, values: &mut Values<'v>, found: usize) {
        let wanted = i64::try_from(self.limit.saturating_sub(found)).unwrap_or(i64::MAX);
        values.extend([self.account.as_str().into(), wanted.into()]);
    }

    /// Callers know of a time its whole seconds.
    async fn exactly(&self, texts: &'static Texts, conn: &mut Conn) -> Result<Place, Error> {
        if self.behind.id == 0 {
            return Ok(self.behind.clone());
        }
        let times: Vec<(Option<String>,)> = conn.rows(&texts.place, Values::of([self.behind.id.into()])).await?;
        let time = times.into_iter().next().and_then(|(time,)| time).unwrap_or_else(|| self.behind.time.clone());
        Ok(Place { time, id: self.behind.id })
    }
}

fn place(rows: Vec<(String, i64)>) -> Option<Place> {
    rows.into_iter().next().map(|(time, id)| Place { time, id })
}
