//! How many deals are undecided, and since when the oldest of them is.
//!
//! Their looks stand in the index of `due_at`, and every entry of it ends with the row's number; numbers grow with time. A
//! row in it that another program has decided counts no more, though it may stand there until its look would be due.

use sqlx::Error;

use crate::deal::Timestamp;

use super::connection::{Conn, on_conn};
use super::row::time;

/// The deals that are neither paid nor expired, and are followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Undecided {
    /// How many; 100,000 are taken for all, so that the question costs no more when it matters.
    pub count: i64,
    /// When the oldest was opened.
    pub oldest: Option<Timestamp>,
}

const QUESTION: &str = "\
    SELECT counted.number, CAST(deal.create_at AS CHAR(19)) FROM \
    (SELECT COUNT(*) AS number, MIN(id) AS oldest FROM \
    (SELECT id FROM deal WHERE due_at IS NOT NULL AND COALESCE(status, 0) = 0 ORDER BY due_at LIMIT 100000) AS undecided) AS counted \
    LEFT JOIN deal ON deal.id = counted.oldest";

pub async fn count(conn: &mut Conn) -> Result<Undecided, Error> {
    let (count, oldest): (i64, Option<String>) = on_conn!(conn, c => sqlx::query_as(QUESTION).fetch_one(&mut *c).await?);
    Ok(Undecided { count, oldest: time(oldest) })
}
