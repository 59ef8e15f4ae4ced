//! Looks at the schema, with a time limit.

use std::time::Duration;

use sqlx::Error;
use tokio::time::timeout;

use crate::store::engine::connection::{Conn, on_conn};
use crate::store::engine::error::Cause;
use crate::store::error::StoreError;

/// A look at the schema that takes longer is taken for one that is never answered. A server of many tables needs some seconds.
const LOOK: Duration = Duration::from_secs(15);

/// Looks, and gives up on a server that has gone silent.
pub async fn look<T>(looking: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
    timeout(LOOK, looking).await.unwrap_or(Err(Cause::TooSlow.into()))
}

/// Whether there is a table of ours.
pub async fn has_table(conn: &mut Conn, name: &str) -> Result<bool, Error> {
    let sql = match conn {
        Conn::MySql(_) => "SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = ?",
        Conn::Sqlite(_) => "SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name = ?",
    };
    let name = conn.table(name);
    Ok(on_conn!(conn, c => sqlx::query_scalar::<_, i64>(sql).bind(name).fetch_one(&mut *c).await?) > 0)
}
