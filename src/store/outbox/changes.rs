//! The feed: events in the order of their positions.

use std::sync::LazyLock;

use sqlx::Error;

use crate::store::engine::connection::Conn;
use crate::store::engine::statement::Query;
use crate::store::engine::values::Values;
use crate::store::error::StoreError;
use crate::store::handle::Store;

use super::row::{OutboxEvent, OutboxRow, columns};

impl Store {
    /// The first so many events behind a position, oldest first.
    ///
    /// # Errors
    /// The database is not available.
    pub async fn outbox_behind(&self, position: i64, limit: u32) -> Result<Vec<OutboxEvent>, StoreError> {
        let rows = self.engine().report(Behind { position, limit }).await?;
        Ok(rows.into_iter().filter_map(OutboxRow::into_event).collect())
    }

    /// The same for all the readers that wait: no report keeps them waiting.
    ///
    /// # Errors
    /// The database is not available.
    pub async fn outbox_news(&self, position: i64, limit: u32) -> Result<Vec<OutboxEvent>, StoreError> {
        let rows = self.engine().ask(Behind { position, limit }).await?;
        Ok(rows.into_iter().filter_map(OutboxRow::into_event).collect())
    }
}

struct Behind {
    position: i64,
    limit: u32,
}

impl Query for Behind {
    type Answer = Vec<OutboxRow>;
    const NAME: &'static str = "outbox behind";

    async fn run(&self, conn: &mut Conn) -> Result<Vec<OutboxRow>, Error> {
        static SELECT: LazyLock<String> =
            LazyLock::new(|| format!("SELECT {} FROM outbox WHERE position > ? ORDER BY position LIMIT ?", columns("outbox")));
        conn.rows(&SELECT, Values::of([self.position.into(), self.limit.into()])).await
    }
}
