//! A slice of a range of times: so many rows, and whatever else has the time of the last of them.

use sqlx::Error;

use crate::deal::{Sums, TakingsBy, TakingsWish, Timestamp};
use crate::store::columns::column;
use crate::store::deals::{accounts, sellers};
use crate::store::engine::connection::Conn;
use crate::store::engine::values::Values;

/// Rows of a slice: some hundredths of a second's work.
const ROWS: u32 = 2000;

/// What is left of a range.
#[derive(Debug, Clone)]
pub struct Range {
    /// By what is summed up.
    pub by: TakingsBy,
    /// From this time on, as the columns have it,
    from: String,
    /// but later than this one,
    behind: String,
    /// and before this one.
    until: String,
    accounts: Option<String>,
    sellers: Option<String>,
}

/// The sums of a slice by their keys.
pub struct Slice {
    /// Each key once.
    pub sums: Vec<(String, Sums)>,
    /// More may be behind this time; `None`: it was the last slice.
    pub ended_at: Option<String>,
}

/// The texts of one kind of row, whose places a [`Range`] fills.
pub struct Texts {
    /// The time of the last row of a slice.
    pub last: String,
    /// The sums of its rows.
    pub sums: String,
}

/// What is summed up.
pub struct Summed<'a> {
    /// The table, with the index over its times.
    pub table: &'a str,
    /// What is joined to it.
    pub joined: &'a str,
    /// What the index has before the time, as a condition with its `AND` behind it.
    pub kind: &'a str,
    /// The time.
    pub time: &'a str,
    /// What the sums are told apart by.
    pub key: &'a str,
    /// What is counted,
    pub count: &'a str,
    /// and added up.
    pub fee: &'a str,
    /// Which rows; it may ask for the two sets of a [`Range`].
    pub condition: &'a str,
}

impl Texts {
    /// Of rows of a table, by an index over their time.
    pub fn new(Summed { table, joined, kind, time, key, count, fee, condition }: Summed<'_>) -> Self {
        let range = format!("{kind}{time} >= ? AND {time} > ? AND {time} < ?");
        Self {
            last: format!("SELECT CAST({time} AS CHAR(26)) FROM {table} WHERE {range} ORDER BY {time} LIMIT 1 OFFSET ?"),
            sums: format!(
                "SELECT {key}, {count}, CAST(COALESCE(SUM({fee}), 0) AS SIGNED) FROM {table}{joined} \
                 WHERE {range} AND {time} <= ? AND {condition} GROUP BY 1"
            ),
        }
    }
}

impl Range {
    /// All of it.
    pub fn of(wish: &TakingsWish) -> Self {
        Self {
            by: wish.by,
            accounts: wish.reach.accounts.as_ref().map(accounts::set),
            sellers: wish.reach.sellers.as_ref().map(sellers::set),
            ..Self::between(wish.from.begins(), wish.to.next().begins())
        }
    }

    /// From one time on and before another one, whatever the accounts and sellers.
    pub fn between(from: Timestamp, until: Timestamp) -> Self {
        let written = |time| column(time).to_string();
        Self {
            by: TakingsBy::Day,
            from: written(from),
            behind: "0000-00-00 00:00:00".to_owned(),
            until: written(until),
            accounts: None,
            sellers: None,
        }
    }

    /// What is left behind this time.
    pub fn behind(self, time: String) -> Self {
        Self { behind: time, ..self }
    }

    fn values(&self) -> Values<'_> {
        Values::of([self.from.as_str().into(), self.behind.as_str().into(), self.until.as_str().into()])
    }

    /// The first slice of it: its keys with their numbers and sums, and where it ended.
    pub async fn slice(&self, texts: &'static Texts, conn: &mut Conn) -> Result<(Vec<(String, i64, i64)>, Option<String>), Error> {
        let mut values = self.values();
        values.add(ROWS - 1);
        let last: Vec<(String,)> = conn.rows(&texts.last, values).await?;
        let last = last.into_iter().next().map(|(time,)| time);
        let mut values = self.values();
        values.add(last.as_deref().unwrap_or(&self.until));
        for set in [&self.accounts, &self.sellers] {
            values.extend([set.as_deref().into(), set.as_deref().into()]);
        }
        Ok((conn.rows(&texts.sums, values).await?, last))
    }
}
