//! A report: the deals opened last.

use std::sync::LazyLock;

use sqlx::Error;

use crate::deal::Deal;
use crate::store::engine::connection::Conn;
use crate::store::engine::statement::Query;
use crate::store::engine::values::Values;
use crate::store::error::StoreError;
use crate::store::handle::Store;

use super::find::readable;
use super::row::{DealRow, select};

impl Store {
    /// The deals opened last, the newest first.
    ///
    /// # Errors
    /// The database is not available.
    pub async fn newest(&self, limit: u32) -> Result<Vec<Deal>, StoreError> {
        Ok(readable(self.engine().report(Newest { limit }).await?, self.foreign_clock()))
    }
}

struct Newest {
    limit: u32,
}

impl Query for Newest {
    type Answer = Vec<DealRow>;
    const NAME: &'static str = "newest";

    async fn run(&self, conn: &mut Conn) -> Result<Vec<DealRow>, Error> {
        static SELECT: LazyLock<String> = LazyLock::new(|| select("order_key IS NOT NULL ORDER BY id DESC LIMIT ?"));
        conn.rows(&SELECT, Values::of([self.limit.into()])).await
    }
}
