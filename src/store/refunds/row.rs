//! Rows of `refund`, and what they mean.

use crate::deal::{AccountId, Fen, OrderId, Refund, RefundId, RefundSource, RefundState, Timestamp};
use crate::store::columns::time;

/// A row that cannot be a refund: another program has written what this service never writes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("row {id} of refund has an impossible {column}")]
pub struct ImpossibleRefund {
    /// Which row.
    pub id: i64,
    /// Which column.
    pub column: &'static str,
}

/// The question for rows of `refund`, in either engine's words.
pub fn select(condition: &str) -> String {
    select_from("refund", condition)
}

/// The same with an index that it is read by.
pub fn select_from(table: &str, condition: &str) -> String {
    format!(
        "SELECT CAST(id AS SIGNED) AS id, refund_id, order_id, account, transaction_id, refund_fee, asked_fee, \
         CAST(of_second_payment AS SIGNED) AS of_second_payment, state, reason, source, detail, refused_certificate, \
         wechat_refund_id, receiver, idempotency_key, request, CAST(created_at AS CHAR(19)) AS created_at, \
         CAST(sent_at AS CHAR(19)) AS sent_at, CAST(accepted_at AS CHAR(19)) AS accepted_at, \
         CAST(refunded_at AS CHAR(19)) AS refunded_at, CAST(due_at AS CHAR(19)) AS due_at FROM {table} WHERE {condition}"
    )
}

/// One row as both engines give it.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct RefundRow {
    pub id: i64,
    refund_id: String,
    order_id: String,
    account: Option<String>,
    transaction_id: Option<String>,
    refund_fee: i64,
    asked_fee: Option<i64>,
    of_second_payment: i64,
    state: String,
    reason: Option<String>,
    source: String,
    detail: Option<String>,
    refused_certificate: Option<String>,
    wechat_refund_id: Option<String>,
    receiver: Option<String>,
    idempotency_key: Option<String>,
    request: Option<String>,
    pub created_at: Option<String>,
    sent_at: Option<String>,
    accepted_at: Option<String>,
    refunded_at: Option<String>,
    pub due_at: Option<String>,
}

impl RefundRow {
    /// The refund that the row stands for.
    pub fn into_refund(self) -> Result<Refund, ImpossibleRefund> {
        let id = self.id;
        let impossible = |column| ImpossibleRefund { id, column };
        Ok(Refund {
            id,
            refund_id: self.refund_id.parse::<RefundId>().map_err(|_| impossible("refund_id"))?,
            order_id: self.order_id.parse::<OrderId>().map_err(|_| impossible("order_id"))?,
            account: AccountId::from_column(self.account),
            transaction_id: self.transaction_id,
            fee: Fen::new(self.refund_fee).ok_or(impossible("refund_fee"))?,
            asked: self.asked_fee.map(|fee| Fen::new(fee).ok_or(impossible("asked_fee"))).transpose()?,
            is_of_second_payment: self.of_second_payment != 0,
            reason: self.reason.and_then(|text| text.parse().ok()),
            source: RefundSource::from_word(&self.source).ok_or(impossible("source"))?,
            state: RefundState::from_word(&self.state).ok_or(impossible("state"))?,
            detail: self.detail,
            refused_certificate: self.refused_certificate,
            wechat_refund_id: self.wechat_refund_id,
            receiver: self.receiver,
            idempotency_key: self.idempotency_key,
            request: self.request,
            created_at: time(self.created_at).unwrap_or(Timestamp::UNIX_EPOCH),
            sent_at: time(self.sent_at),
            accepted_at: time(self.accepted_at),
            refunded_at: time(self.refunded_at),
            due_at: time(self.due_at),
        })
    }
}
