//! Refunds that are asked for by what they are known by.

use std::sync::LazyLock;

use sqlx::Error;
use tracing::warn;

use crate::deal::{OrderId, Refund, RefundId};
use crate::store::engine::connection::Conn;
use crate::store::engine::statement::{Purpose, Query};
use crate::store::engine::values::Values;
use crate::store::error::StoreError;
use crate::store::handle::Store;

use super::row::{RefundRow, select};

impl Store {
    /// The refund of this number. What is to be brought to an end goes before the callers that only ask.
    ///
    /// # Errors
    /// The database is not available, or the row is impossible.
    pub async fn find_refund(&self, refund_id: &RefundId) -> Result<Option<Refund>, StoreError> {
        let row = self.engine().ask_for(Purpose::Finishes, FindRefund(refund_id.clone())).await?;
        Ok(row.map(RefundRow::into_refund).transpose()?)
    }

    /// The refund of a deal that was asked for under an idempotency key.
    ///
    /// # Errors
    /// The database is not available, or the row is impossible.
    pub async fn find_refund_by_key(&self, order_id: &OrderId, key: &str) -> Result<Option<Refund>, StoreError> {
        let row = self.engine().ask(FindRefundByKey { order_id: order_id.clone(), key: key.to_owned() }).await?;
        Ok(row.map(RefundRow::into_refund).transpose()?)
    }

    /// All refunds of a deal, oldest first. A row that no program should have written is told of in the log and hides no other.
    ///
    /// # Errors
    /// The database is not available.
    pub async fn find_refunds(&self, order_id: &OrderId) -> Result<Vec<Refund>, StoreError> {
        Ok(readable(self.engine().ask(FindRefunds(order_id.clone())).await?))
    }
}

/// The refunds of these rows.
pub fn readable(rows: Vec<RefundRow>) -> Vec<Refund> {
    let readable = |row: RefundRow| row.into_refund().inspect_err(|error| warn!(%error, "a refund cannot be read")).ok();
    rows.into_iter().filter_map(readable).collect()
}

/// Whether there is a refund of this number, asked on a connection for changes.
pub async fn is_number_stored(refund_id: &RefundId, conn: &mut Conn) -> Result<bool, Error> {
    const COUNT: &str = "SELECT COUNT(*) FROM refund WHERE refund_id = ?";
    conn.begin().await?;
    let counted = conn.rows::<(i64,)>(COUNT, Values::of([refund_id.as_str().into()])).await;
    conn.end(counted.map(|counted| (false, counted == [(1,)]))).await
}

struct FindRefund(RefundId);

impl Query for FindRefund {
    type Answer = Option<RefundRow>;
    const NAME: &'static str = "find refund";

    fn key(&self) -> Option<&str> {
        Some(self.0.as_str())
    }

    async fn run(&self, conn: &mut Conn) -> Result<Option<RefundRow>, Error> {
        static SELECT: LazyLock<String> = LazyLock::new(|| select("refund_id = ?"));
        Ok(conn.rows(&SELECT, Values::of([self.0.as_str().into()])).await?.pop())
    }
}

struct FindRefundByKey {
    order_id: OrderId,
    key: String,
}

impl Query for FindRefundByKey {
    type Answer = Option<RefundRow>;
    const NAME: &'static str = "find refund by key";

    async fn run(&self, conn: &mut Conn) -> Result<Option<RefundRow>, Error> {
        static SELECT: LazyLock<String> = LazyLock::new(|| select("order_id = ? AND idempotency_key = ?"));
        Ok(conn.rows(&SELECT, Values::of([self.order_id.as_str().into(), self.key.as_str().into()])).await?.pop())
    }
}

/// The refunds of a deal, oldest first.
pub struct FindRefunds(pub OrderId);

impl Query for FindRefunds {
    type Answer = Vec<RefundRow>;
    const NAME: &'static str = "find refunds";

    async fn run(&self, conn: &mut Conn) -> Result<Vec<RefundRow>, Error> {
        static SELECT: LazyLock<String> = LazyLock::new(|| select("order_id = ? ORDER BY id"));
        conn.rows(&SELECT, Values::of([self.0.as_str().into()])).await
    }
}
