//! Refunds that a bill is held against, by their numbers: of each no more than that takes.

use sqlx::Error;
use tracing::warn;

use crate::deal::{AccountId, Fen, OrderId, RefundId, RefundState, Timestamp};
use crate::store::columns::time;
use crate::store::deals::find::numbers;
use crate::store::engine::connection::{Conn, by_engine};
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
        Ok(readable(self.engine().report(BookedRefunds { numbers: numbers(&refund_ids) }).await?))
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
    /// As one JSON text.
    numbers: String,
}

/// Refunds whose numbers one JSON text lists: each is looked up in the unique index, whatever an optimizer thinks of lists.
pub fn select(is_mysql: bool) -> String {
    if !is_mysql {
        return format!("SELECT {COLUMNS} FROM refund WHERE refund_id IN (SELECT value FROM json_each(?))");
    }
    format!(
        "SELECT {COLUMNS} FROM JSON_TABLE(?, '$[*]' COLUMNS (number VARCHAR(64) PATH '$')) listed \
         STRAIGHT_JOIN refund ON refund_id = CONVERT(number USING ascii) COLLATE ascii_bin"
    )
}

impl Query for BookedRefunds {
    type Answer = Vec<BookedRefundRow>;
    const NAME: &'static str = "booked refunds";

    async fn run(&self, conn: &mut Conn) -> Result<Vec<BookedRefundRow>, Error> {
        let sql = by_engine!(conn, String, select);
        conn.rows(sql, Values::of([self.numbers.as_str().into()])).await
    }
}
