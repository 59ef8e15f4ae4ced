//! A migration of data: rows that the original inserted become deals, a bite at a time, while it may still be at work.

use std::time::Duration;

use chrono::TimeDelta;
use sqlx::mysql::MySqlDatabaseError;
use sqlx::{Error, QueryBuilder};
use tokio::time::sleep;
use tracing::info;

use crate::deal::{BeijingTime, Timestamp};
use crate::store::engine::connection::MySql;

/// Rows that the adoption looks at in one statement, and rows that it locks in one, for some milliseconds.
const BITE: i64 = 5_000;
const LOCKED_AT_ONCE: usize = 500;
/// Deadlocks with another instance that adopts, or with the original at work.
const ADOPTION_RETRIES: u32 = 100;
/// Older undecided deals of the original are answered when a caller asks, and never followed.
pub const FOLLOWED: TimeDelta = TimeDelta::days(7);

/// Names the row of record of every order id in a table that the original filled: the paid one first, then the
/// newest. Nothing else of the original's changes in any row, `update_at` included, and no row goes.
pub async fn adopt(conn: &mut MySql, now: Timestamp) -> Result<(), Error> {
    let (last,): (Option<i64>,) = sqlx::query_as("SELECT CAST(MAX(id) AS SIGNED) FROM deal").fetch_one(&mut *conn).await?;
    let Some(last) = last else { return Ok(()) };
    let kept = kept(conn).await?;
    let mut claimed = 0;
    let mut from = i64::MIN;
    while from < last {
        // By rows, not by numbers: a table may have gaps of millions.
        let next = "SELECT CAST(MAX(id) AS SIGNED) FROM (SELECT id FROM deal WHERE id > ? AND id <= ? ORDER BY id LIMIT ?) bite";
        let (to,): (Option<i64>,) = sqlx::query_as(next).bind(from).bind(last).bind(BITE).fetch_one(&mut *conn).await?;
        let Some(to) = to else { break };
        claimed += adopt_between(conn, (from, to), &kept, now).await?;
        from = to;
    }
    info!(claimed, "adopted the table of the original");
    Ok(())
}

/// One bite. The original, or another instance that adopts too, may be at the same rows: then it is taken again.
async fn adopt_between(conn: &mut MySql, (from, to): (i64, i64), kept: &str, now: Timestamp) -> Result<u64, Error> {
    let mut patience = ADOPTION_RETRIES;
    let mut claimed = 0;
    loop {
        let ids = of_record(conn, from, to).await?;
        match claim(conn, &ids, kept, now, &mut claimed).await {
            Err(error) if patience > 0 && is_contention(&error) => {
                patience -= 1;
                sleep(Duration::from_millis(50)).await;
            }
            done => return done.map(|()| claimed),
        }
    }
}

/// Whether a row's `order_id` is one that a deal can have ([`crate::deal::OrderId`]), judged by its bytes.
pub const READABLE: &str = "HEX(order_id) REGEXP '^(2[AD]|3[0-9]|4[0-9A-F]|5[0-9AF]|6[1-9A-F]|7[0-9AC]){1,45}$'";

/// The rows of record that are not claimed yet. Numbers are judged and compared by their bytes, in HEX, for the
/// collations of old tables find too much; CONVERT, because no index serves the comparison of two character sets.
async fn of_record(conn: &mut MySql, from: i64, to: i64) -> Result<Vec<i64>, Error> {
    let rows: Vec<(i64,)> = sqlx::query_as(sqlx::AssertSqlSafe(format!(
        "SELECT CAST(a.id AS SIGNED) FROM deal a \
         WHERE a.id > ? AND a.id <= ? AND a.order_key IS NULL AND {READABLE} \
         AND NOT EXISTS (SELECT 1 FROM deal k WHERE k.order_key = CONVERT(a.order_id USING ascii) COLLATE ascii_bin) \
         AND NOT EXISTS ( \
             SELECT 1 FROM deal b WHERE b.order_id = a.order_id AND HEX(b.order_id) = HEX(a.order_id) \
             AND (COALESCE(b.status = 1, 0) > COALESCE(a.status = 1, 0) \
                  OR (COALESCE(b.status = 1, 0) = COALESCE(a.status = 1, 0) AND b.id > a.id)))"
    )))
    .bind(from)
    .bind(to)
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|(id,)| id).collect())
}

/// Columns that the original never had and that change with every update of their row, so that they keep what they say.
async fn kept(conn: &mut MySql) -> Result<String, Error> {
    let columns: Vec<String> = sqlx::query_scalar(
        "SELECT CAST(column_name AS CHAR(64)) FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = ? \
         AND extra LIKE '%on update%' AND column_name NOT IN ('create_at', 'update_at')",
    )
    .bind(conn.table("deal"))
    .fetch_all(conn)
    .await?;
    let quoted = columns.into_iter().map(|column| format!("`{}`", column.replace('`', "``")));
    Ok(quoted.map(|column| format!(", {column} = {column}")).collect())
}

async fn claim(conn: &mut MySql, ids: &[i64], kept: &str, now: Timestamp, claimed: &mut u64) -> Result<(), Error> {
    for ids in ids.chunks(LOCKED_AT_ONCE) {
        // Undecided ones are due at once, unless they are too old or WeChat knows nothing of them.
        let mut update = QueryBuilder::new("UPDATE deal SET order_key = order_id, create_at = create_at, update_at = update_at");
        update.push(kept).push(", due_at = CASE WHEN create_at >= ");
        update.push_bind(BeijingTime::from(now - FOLLOWED).naive());
        update.push(" AND COALESCE(status, 0) = 0 AND COALESCE(mode, 0) = 0 THEN ");
        update.push_bind(BeijingTime::from(now).naive());
        update.push(" END WHERE order_key IS NULL AND id IN (");
        let mut list = update.separated(", ");
        for id in ids {
            list.push_bind(*id);
        }
        update.push(")");
        *claimed += update.build().persistent(false).execute(&mut *conn).await?.rows_affected();
    }
    Ok(())
}

/// Another program was at the same rows, or has claimed one of them meanwhile.
pub fn is_contention(error: &Error) -> bool {
    let Error::Database(error) = error else { return false };
    match error.try_downcast_ref::<MySqlDatabaseError>() {
        // Of 1180 and 3101 it is not known what became of it: it is done again, and passes over what is done.
        Some(mysql) => matches!(mysql.number(), 1213 | 1205 | 1020 | 1062 | 1180 | 1412 | 3101 | 8002 | 8028 | 9007),
        // SQLite's BUSY and LOCKED, also as extended codes.
        None => error.code().and_then(|code| code.parse::<u32>().ok()).is_some_and(|code| matches!(code & 0xff, 5 | 6)),
    }
}
