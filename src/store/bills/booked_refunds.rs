//! Refunds that a bill is held against, by their numbers: of each no more than that takes.

use sqlx::Error;
use tracing::warn;

use crate::deal::{AccountId, Fen, OrderId, RefundId, RefundState, Timestamp};
use crate::store::columns::time;
use crate::store::engine::connection::Conn;
use crate::store::engine::sizes::{Texts, parts};
use crate::store::engine::statement::Query;
use crate::store::engine::values::Values;
use crate::store::error::StoreError;
use crate::store::handle::Store;

use super::line::Numbered;

/// A refund, as a bill is held against it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BookedRefund {
    /// The row's number.
    pub id: i64,
    /// Our number for it.
    pub refund_id: RefundId,
    /// Of which deal.
    pub order_id: OrderId,
    /// Through which account it goes.
    pub account: AccountId,
    /// How it stands.
    pub state: RefundState,
    /// How much goes back.
    pub fee: Fen,
    /// WeChat's number for it, once WeChat has accepted it.
    pub wechat_refund_id: Option<String>,
    /// Which payment goes back, where that is known.
    pub transaction_id: Option<String>,
    /// When WeChat accepted it.
    pub accepted_at: Option<Timestamp>,
}

impl Store {
    /// Those of these refunds that there are, a few hundred at most.
    ///
    /// # Errors
    /// The database is not available.
    pub async fn booked_refunds(&self, refund_ids: Vec<RefundId>) -> Result<Vec<BookedRefund>, StoreError> {
        Ok(readable(self.engine().report(BookedRefunds { refund_ids }).await?))
    }
}

/// The columns of a [`BookedRefundRow`].
pub const COLUMNS: &str = "\
    id, refund_id, order_id, account, state, refund_fee, wechat_refund_id, transaction_id, CAST(accepted_at AS CHAR(19)) AS accepted";

/// One row as both engines give it.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct BookedRefundRow {
    id: i64,
    refund_id: String,
    order_id: String,
    account: Option<String>,
    state: String,
    refund_fee: i64,
    wechat_refund_id: Option<String>,
    transaction_id: Option<String>,
    accepted: Option<String>,
}

impl Numbered for BookedRefundRow {
    fn number(&self) -> i64 {
        self.id
    }
}

impl BookedRefundRow {
    /// `None`: no program should have written it.
    fn read(self) -> Option<BookedRefund> {
        Some(BookedRefund {
            id: self.id,
            refund_id: self.refund_id.parse().ok()?,
            order_id: self.order_id.parse().ok()?,
            account: AccountId::from_column(self.account),
            state: RefundState::from_word(&self.state)?,
            fee: Fen::new(self.refund_fee)?,
            wechat_refund_id: self.wechat_refund_id,
            transaction_id: self.transaction_id,
            accepted_at: time(self.accepted),
        })
    }
}

/// The refunds of these rows. One that no program should have written hides no other.
pub fn readable(rows: Vec<BookedRefundRow>) -> Vec<BookedRefund> {
    let read = |row: BookedRefundRow| {
        let (id, refund) = (row.id, row.read());
        if refund.is_none() {
            warn!(row = id, "a refund cannot be read, so no bill is held against it");
        }
        refund
    };
    rows.into_iter().filter_map(read).collect()
}

struct BookedRefunds {
    refund_ids: Vec<RefundId>,
}

/// Refunds by their numbers, as deals are asked for.
pub static SELECT: Texts = Texts::new(|rows| {
    let (table, are_listed) = (rows.table("refund", "refund_refund_id"), rows.are("refund_id"));
    format!("SELECT {COLUMNS} FROM {table} WHERE {are_listed}")
});

impl Query for BookedRefunds {
    type Answer = Vec<BookedRefundRow>;
    const NAME: &'static str = "booked refunds";

    async fn run(&self, conn: &mut Conn) -> Result<Vec<BookedRefundRow>, Error> {
        let mut found = Vec::new();
        for part in parts(&self.refund_ids) {
            let mut values = Values::default();
            part.iter().for_each(|refund_id| values.add(refund_id.as_str()));
            found.extend(conn.rows::<BookedRefundRow>(SELECT.of(part.len(), conn), values).await?);
        }
        Ok(found)
    }
}
