//! The last position of the outbox. Its row is never pruned, so no position is ever given twice.
//!
//! A copy of a database that was made while the service wrote may have the delivery of an event and not the event: its position is
//! gone, and counting goes on behind it.

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
    const HEAD: &str = "SELECT COALESCE(MAX(position), 0) FROM (SELECT MAX(position) AS position FROM outbox \
                        UNION ALL SELECT MAX(position) FROM webhook_delivery) given";
    let rows: Vec<(i64,)> = conn.rows(HEAD, Values::default()).await?;
    Ok(rows.first().map_or(0, |(head,)| *head))
}
