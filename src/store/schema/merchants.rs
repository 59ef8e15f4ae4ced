//! For which merchants the deals of a database were opened: it stands in the requests that the channel was asked with.

use std::collections::BTreeSet;

use sqlx::Error;
use sqlx::mysql::MySqlDatabaseError;

use super::look::look;
use crate::deal::AccountId;
use crate::store::engine::cannot_open::CannotOpen;
use crate::store::engine::connection::{Conn, on_conn};
use crate::store::engine::database_url::DatabaseUrl;
use crate::store::engine::session::open_to_look;
use crate::store::error::{StoreError, not_told};
use crate::store::handle::Store;

/// So many deals are looked at, of the oldest and of the newest: enough to see whose they are, and quick on any table.
const LOOKED_AT: u32 = 500;

impl Store {
    /// The accounts that the deals in a database were opened through, each with the numbers that it had then, by the oldest and
    /// newest deals. Nothing is changed, and a database without deals of ours has none. `numbers_in` reads those of a stored
    /// request.
    pub async fn merchants<N: Ord>(
        url: &DatabaseUrl,
        numbers_in: impl Fn(&str) -> Option<N>,
    ) -> Result<BTreeSet<(AccountId, N)>, StoreError> {
        look(merchants(url, numbers_in)).await
    }
}

async fn merchants<N: Ord>(url: &DatabaseUrl, numbers_in: impl Fn(&str) -> Option<N>) -> Result<BTreeSet<(AccountId, N)>, StoreError> {
    if url.file().is_some_and(|file| !file.exists()) {
        return Ok(BTreeSet::new());
    }
    let mut conn = open_to_look(url).await?;
    let mut merchants = BTreeSet::new();
    for order in ["ASC", "DESC"] {
        let requests = match requests(&mut conn, "account", order).await {
            // Of a version before there were accounts.
            Err(error) if is_missing(&error) => requests(&mut conn, "NULL", order).await,
            requests => requests,
        };
        let requests = match requests {
            Ok(requests) => requests,
            // This service has never been here.
            Err(error) if is_missing(&error) => return Ok(BTreeSet::new()),
            // Of a file it is the first that is read: it may be none of SQLite's.
            Err(error) if url.is_sqlite() => return Err(CannotOpen::of(url, &error).into()),
            Err(error) => return Err(not_told(&error)),
        };
        let read = |(account, request): (Option<String>, String)| Some((AccountId::from_column(account), numbers_in(&request)?));
        merchants.extend(requests.into_iter().filter_map(read));
    }
    Ok(merchants)
}

/// The account of each deal and its request, at one end of the table.
async fn requests(conn: &mut Conn, account: &str, order: &str) -> Result<Vec<(Option<String>, String)>, Error> {
    let requests = sqlx::AssertSqlSafe(format!(
        "SELECT CAST(account AS CHAR(255)), prepay_request FROM \
         (SELECT {account} AS account, prepay_request FROM deal ORDER BY id {order} LIMIT {LOOKED_AT}) some_deals \
         WHERE prepay_request IS NOT NULL"
    ));
    on_conn!(conn, c => sqlx::query_as(requests).fetch_all(&mut *c).await)
}

/// There is no such table, or no such column in it.
fn is_missing(error: &Error) -> bool {
    let Error::Database(error) = error else { return false };
    match error.try_downcast_ref::<MySqlDatabaseError>() {
        Some(mysql) => matches!(mysql.number(), 1146 | 1054),
        None => ["no such table", "no such column"].iter().any(|words| error.message().starts_with(words)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a file says whose table is made so, while another program may hold it.
    async fn asked(table: &str, held: bool) -> Result<BTreeSet<(AccountId, String)>, StoreError> {
        use sqlx::{ConnectOptions, Connection, sqlite::SqliteConnectOptions};
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("deal.db");
        let mut conn = SqliteConnectOptions::new().filename(&file).create_if_missing(true).connect().await.unwrap();
        sqlx::raw_sql(sqlx::AssertSqlSafe(table.to_owned())).execute(&mut conn).await.unwrap();
        if held {
            sqlx::raw_sql("PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; BEGIN EXCLUSIVE").execute(&mut conn).await.unwrap();
            std::fs::write(directory.path().join("deal.db-wal"), "").unwrap();
        }
        let said = merchants(&format!("sqlite://{}", file.display()).parse().unwrap(), |request| Some(request.to_owned())).await;
        conn.close().await.unwrap();
        said
    }

    #[tokio::test]
    async fn only_a_table_that_is_not_ours_has_no_merchants() {
        for table in ["", "CREATE TABLE deal (id int)", "CREATE TABLE deal (prepay_request text)"] {
            assert_eq!(asked(table, false).await.unwrap(), BTreeSet::new(), "{table}");
        }
        let before = "CREATE TABLE deal (id int, prepay_request text); \
                      INSERT INTO deal VALUES (1, '1900000109')";
        assert_eq!(asked(before, false).await.unwrap(), BTreeSet::from([(AccountId::default(), "1900000109".to_owned())]));
        let ours = "CREATE TABLE deal (id int, prepay_request text, account text); \
                    INSERT INTO deal VALUES (1, '1900000109', NULL), (2, '1900000110', 'shop2')";
        let of_both = [(AccountId::default(), "1900000109".to_owned()), ("shop2".parse().unwrap(), "1900000110".to_owned())];
        assert_eq!(asked(ours, false).await.unwrap(), BTreeSet::from(of_both));
        let error = asked(ours, true).await.unwrap_err();
        assert!(error.may_pass(), "it is asked again: {error}");
    }
}
