//! Looks at one server, which may say nothing.

use std::time::Duration;

use sqlx::mysql::MySqlConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, MySqlConnection};
use tokio::time::timeout;

/// A server that says nothing for so long says nothing.
pub const SILENT: Duration = Duration::from_secs(1);

/// A connection, if it gives one.
pub async fn connect(url: &str) -> Option<MySqlConnection> {
    let options: MySqlConnectOptions = url.parse().unwrap();
    timeout(SILENT, options.disable_statement_logging().connect()).await.ok()?.ok()
}

/// Runs SQL on a connection of its own; `false`: it was not to be had, or refused.
pub async fn run(url: &str, sql: &str) -> bool {
    let Some(mut connection) = connect(url).await else { return false };
    sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&mut connection).await.is_ok()
}
