//! The last position of the outbox. Its row is never pruned, so no position is ever given twice.

use sqlx::Error;

use crate::store::engine::connection::Conn;
use crate::store::engine::statement::Query;
use crate::store::engine::values::Values;
use crate::store::error::StoreError;
use crate::store::handle::Store;

impl Store {
    /// The last position; 0: nothing was ever told.
    ///
    /// # Errors
    /// The database is not available.
    pub async fn outbox_head(&self) -> Result<i64, StoreError> {
        Ok(self.engine().ask(Head).await?)
    }
}

struct Head;

impl Query for Head {
    type Answer = i64;
    const NAME: &'static str = "outbox head";

    async fn run(&self, conn: &mut Conn) -> Result<i64, Error> {
        head(conn).await
    }
}

/// As far as this connection's transaction sees.
pub async fn head(conn: &mut Conn) -> Result<i64, Error> {
    let rows: Vec<(i64,)> = conn.rows("SELECT COALESCE(MAX(position), 0) FROM outbox", Values::default()).await?;
    Ok(rows.first().map_or(0, |(head,)| *head))
}
