//! One insert and one change in an adopted table, and both taken back: what only the server can tell (triggers, CHECKs,
//! foreign keys, generated columns) is told at the start, by name, and not by every call to toPay.
//!
//! It leaves nothing behind. The row has the number 0, which no counter of rows gives or minds, and is rolled back; so is
//! what triggers write, if the engine of their tables can. Where that cannot be known nothing is tried.

use sqlx::Error;

use crate::deal::Timestamp;

use super::adopt::is_contention;
use super::check::WrongSchema;
use super::inspect::privileges::may;
use crate::store::columns::column;
use crate::store::engine::connection::{Conn, MySql};
use crate::store::engine::database_url::DatabaseUrl;
use crate::store::engine::failure::Failure;
use crate::store::engine::session::open;
use crate::store::error::{StoreError, not_told};

/// Digits, and as many as in one of ours, for a CHECK may ask for them; no stamp begins so.
const ORDER_ID: &str = "00000000000000000000000000000000";
/// As many digits as in WeChat's.
const TRANSACTION_ID: &str = "0000000000000000000000000000";
const XML: &str = "<xml></xml>";

/// Tries the table, if there is one and it can be done without leaving anything behind.
pub async fn probe(url: &DatabaseUrl, now: Timestamp) -> Result<(), StoreError> {
    // A file's tables are all of our making.
    if url.is_sqlite() {
        return Ok(());
    }
    let Conn::MySql(mut conn) = open(url).await? else { return Ok(()) };
    if !is_safe(&mut conn).await.map_err(|error| not_told(&error))? {
        tracing::warn!(table = conn.table("deal"), "no insert is tried on the table: what its triggers write, if it has any, might stay");
        return Ok(());
    }
    let tried = attempt(&mut conn, now).await;
    // The connection ends here, and with it what could not be rolled back.
    let _ = sqlx::raw_sql("ROLLBACK").execute(&mut conn).await;
    match tried.as_ref().map_err(Failure::of) {
        // Another instance alters the table just now.
        _ if tried.as_ref().is_err_and(is_contention) => Ok(()),
        Err(Failure::Refused(_)) => Err(WrongSchema::Refuses(words(&tried)).about(&Conn::MySql(conn))),
        // What fails for another reason, or because another program is at the same rows, says nothing about the table.
        _ => Ok(()),
    }
}

/// Whether everything that an insert could write would be rolled back with it.
async fn is_safe(conn: &mut MySql) -> Result<bool, Error> {
    let triggers = "SELECT COUNT(*) FROM information_schema.triggers WHERE event_object_schema = DATABASE() AND event_object_table = ?";
    let has_triggers = sqlx::query_scalar::<_, i64>(triggers).bind(conn.table("deal")).fetch_one(&mut *conn).await? > 0;
    // A user that may not make triggers does not see them.
    if !has_triggers && may(conn, "TRIGGER").await? {
        return Ok(true);
    }
    // In other schemas than this one a trigger that is seen writes only where it says so.
    let lasting = "SELECT COUNT(*) FROM information_schema.tables t WHERE t.table_type = 'BASE TABLE' AND t.engine <> 'InnoDB' \
                   AND t.table_schema NOT IN ('mysql', 'information_schema', 'performance_schema', 'sys') \
                   AND (? OR t.table_schema = DATABASE() OR EXISTS (SELECT 1 FROM information_schema.triggers s \
                   WHERE s.event_object_schema = DATABASE() AND s.event_object_table = ? AND LOCATE(t.table_schema, s.action_statement) > 0))";
    Ok(sqlx::query_scalar::<_, i64>(lasting).bind(!has_triggers).bind(conn.table("deal")).fetch_one(conn).await? == 0)
}

async fn attempt(conn: &mut MySql, now: Timestamp) -> Result<(), Error> {
    const SESSION: &str = "SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION,NO_AUTO_VALUE_ON_ZERO', \
                           innodb_lock_wait_timeout = 1, lock_wait_timeout = 2, autocommit = 0";
    sqlx::raw_sql(SESSION).execute(&mut *conn).await?;
    // What a foreign key or a CHECK takes of the newest row it takes of ours.
    let newest = "SELECT CAST(product_id AS SIGNED), CAST(merchant_id AS SIGNED), price + 0e0 FROM deal ORDER BY id DESC LIMIT 1";
    let newest: Option<(i64, i64, f64)> = sqlx::query_as(newest).fetch_optional(&mut *conn).await?;
    let (product_id, merchant_id, price) = newest.unwrap_or((1, 1, 1.0));
    let insert = "INSERT INTO deal (id, order_id, product_id, merchant_id, price, price_last, status, mode, create_at, update_at) \
                  VALUES (0, ?, ?, ?, ?, ?, 0, 0, ?, ?)";
    let inserted = sqlx::query(insert)
        .bind(ORDER_ID)
        .bind(product_id)
        .bind(merchant_id)
        .bind(price)
        .bind(price)
        .bind(column(now))
        .bind(column(now))
        .execute(&mut *conn)
        .await;
    match inserted {
        // There is nothing yet that a foreign key could take.
        Err(Error::Database(error)) if newest.is_none() && error.is_foreign_key_violation() => return Ok(()),
        inserted => inserted?,
    };
    let update = "UPDATE deal SET status = 1, transaction_id = ?, prepayBack = ?, payBack = ?, queryBack = ?, create_at = create_at, \
                  update_at = ? WHERE id = 0 AND order_id = ? AND COALESCE(status, 0) = 0";
    let update = sqlx::query(update).bind(TRANSACTION_ID).bind(XML).bind(XML).bind(XML).bind(column(now)).bind(ORDER_ID);
    update.execute(conn).await.map(|_| ())
}

/// The server's words, unless they name users.
fn words(tried: &Result<(), Error>) -> String {
    let error = tried.as_ref().err().and_then(Error::as_database_error);
    match error.and_then(|error| error.try_downcast_ref::<sqlx::mysql::MySqlDatabaseError>()).map(|error| (error.number(), error.message()))
    {
        Some((1044 | 1142 | 1143 | 1227 | 1370 | 1449, _)) => {
            "a privilege is missing, our user's or that of a trigger's definer".to_owned()
        }
        Some((_, message)) => message.to_owned(),
        None => "an unexpected answer".to_owned(),
    }
}
