//! Bills of which there is something to tell, and which is not in the outbox yet.

use std::sync::LazyLock;

use sqlx::Error;

use crate::store::engine::connection::Conn;
use crate::store::engine::statement::Query;
use crate::store::engine::values::Values;
use crate::store::error::StoreError;
use crate::store::handle::Store;

use super::row::{BillRow, StoredBill, readable, select};

impl Store {
    /// So many of the bills that are to be told of.
    ///
    /// # Errors
    /// The database is not available.
    pub async fn untold_bills(&self, limit: u32) -> Result<Vec<StoredBill>, StoreError> {
        Ok(readable(self.engine().ask(UntoldBills { limit }).await?))
    }
}

/// What is to be told, in the words of a WHERE.
pub const IS_UNTOLD: &str = "untold = 1 ORDER BY id LIMIT ?";

struct UntoldBills {
    limit: u32,
}

impl Query for UntoldBills {
    type Answer = Vec<BillRow>;
    const NAME: &'static str = "untold bills";

    async fn run(&self, conn: &mut Conn) -> Result<Vec<BillRow>, Error> {
        static SELECT: LazyLock<String> = LazyLock::new(|| select(IS_UNTOLD));
        conn.rows(&SELECT, Values::of([self.limit.into()])).await
    }
}
