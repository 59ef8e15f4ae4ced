//! Rows that an operator should look at.

use chrono::TimeDelta;
use sqlx::Error;

use crate::deal::{BeijingTime, Timestamp};

use crate::store::engine::connection::{Conn, on_conn};
use crate::store::schema::adopt::READABLE;

/// A deal is decided within minutes after its time, and a row of the original's is claimed within seconds; what is
/// older by this much has been forgotten.
const PATIENCE: TimeDelta = TimeDelta::hours(1);
/// So many are shown.
const SHOWN: usize = 3;

/// Rows that an operator should look at.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Leftovers {
    /// Undecided, although their time ended more than an hour ago.
    pub overdue: Found,
    /// Inserted by the original more than an hour ago, and never claimed by this service.
    pub unclaimed: Found,
    /// Deals of ours that another program marked as paid: nothing signed says so.
    pub unproven: Found,
    /// What neither the original nor this service writes: they are neither followed nor settled.
    pub impossible: Found,
}

/// How many there are, and the order ids of some, the youngest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Found {
    /// How many.
    pub count: i64,
    /// Some of their order ids. They may hold anything, so they are escaped.
    pub examples: Vec<String>,
}

pub async fn leftovers(conn: &mut Conn, now: Timestamp) -> Result<Leftovers, Error> {
    let long_ago = BeijingTime::from(now - PATIENCE).naive();
    // How a row of record is found, and which numbers can have one, in either engine's words.
    let (claimed, readable) = match conn {
        Conn::MySql(_) => ("k.order_key = CONVERT(deal.order_id USING ascii) COLLATE ascii_bin", READABLE),
        Conn::Sqlite(_) => ("k.order_key = deal.order_id", "length(order_id) BETWEEN 1 AND 45 AND order_id NOT GLOB '*[^-0-9A-Za-z_|*@]*'"),
    };
    let unclaimed = format!("order_key IS NULL AND create_at < ? AND {readable} AND NOT EXISTS (SELECT 1 FROM deal k WHERE {claimed})");
    let impossible = format!(
        "create_at < ? AND (COALESCE(status, 0) NOT IN (0, 1, 2) OR NOT ({readable}) \
         OR (COALESCE(status, 0) = 0 AND COALESCE(total_fee, CASE WHEN price_last = 0 THEN price ELSE price_last END) <= 0))"
    );
    // What is paid has the payment's key, or, settled by a version that had none, an event.
    let unproven = "status = 1 AND prepay_request IS NOT NULL AND transaction_key IS NULL AND create_at <= ? \
                    AND NOT EXISTS (SELECT 1 FROM deal_event e WHERE e.order_id = order_key AND e.kind IN ('settled', 'settled_late'))";
    Ok(Leftovers {
        unproven: find(conn, unproven, BeijingTime::from(now).naive()).await?,
        overdue: find(conn, "COALESCE(status, 0) = 0 AND expires_at < ?", long_ago).await?,
        unclaimed: find(conn, &unclaimed, long_ago).await?,
        impossible: find(conn, &impossible, long_ago).await?,
    })
}

async fn find(conn: &mut Conn, condition: &str, before: chrono::NaiveDateTime) -> Result<Found, Error> {
    let count = sqlx::AssertSqlSafe(format!("SELECT COUNT(*) FROM deal WHERE {condition}"));
    let count: i64 = on_conn!(conn, c => sqlx::query_scalar(count).bind(before).fetch_one(&mut *c).await?);
    if count == 0 {
        return Ok(Found::default());
    }
    let examples = sqlx::AssertSqlSafe(format!("SELECT order_id FROM deal WHERE {condition} ORDER BY id DESC LIMIT {SHOWN}"));
    let examples: Vec<String> = on_conn!(conn, c => sqlx::query_scalar(examples).bind(before).fetch_all(&mut *c).await?);
    Ok(Found { count, examples: examples.iter().map(|order_id| order_id.escape_debug().to_string()).collect() })
}
