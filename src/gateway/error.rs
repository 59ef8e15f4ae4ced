//! Why a use case fails.

use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;

use crate::channel::{CallError, Refusal};
use crate::deal::{AccountId, Fen, OrderId};
use crate::store::StoreError;

use super::NoAccount;

/// Why a caller does not get what was asked for.
#[derive(Debug, thiserror::Error)]
pub enum GatewayError {
    /// There is no such deal.
    #[error("there is no such order")]
    NotFound,
    /// The idempotency key was used with other parameters.
    #[error("the idempotency key was used with another {0}")]
    IdempotencyConflict(&'static str),
    /// The signed offer has opened another deal.
    #[error("the signature has been used")]
    SignatureUsed,
    /// The account is not set up for the way in which the payer is to pay.
    #[error("the account {0} is not set up for this trade_type")]
    TradeTypeOff(AccountId),
    /// The order is for a phone's browser at another address.
    #[error("the order can be paid from another address only")]
    OtherAddress,
    /// The checkout is paid or given up, or its time is over: nobody begins to pay it.
    #[error("the checkout cannot be paid any more")]
    CheckoutClosed,
    /// The deal is too young to be closed.
    #[error("the order can be closed in {} s", .0.as_secs())]
    TooEarly(Duration),
    /// The deal is paid by other means, and WeChat knows nothing of it.
    #[error("the order is not paid by WeChat")]
    NotWeChats(OrderId),
    /// There is no such refund.
    #[error("there is no such refund")]
    RefundNotFound,
    /// Refunds through this account cannot be asked for: there is no client certificate.
    #[error("the account {0} has no client certificate")]
    NoCertificate(AccountId),
    /// What is not paid cannot be given back.
    #[error("the order is not paid")]
    NotPaid(OrderId),
    /// WeChat gives back for a year.
    #[error("the payment is older than a year")]
    RefundTooLate,
    /// Less is left of the payment than is to be given back; `None`: nothing.
    #[error("{} yuan are left of the payment", Fen::yuan_or_nothing(*.0))]
    RefundTooMuch(Option<Fen>),
    /// WeChat allows fifty refunds of one order.
    #[error("the order has fifty refunds")]
    RefundTooMany,
    /// Two refunds of one order are to be apart.
    #[error("the next refund of the order can be asked for in {} s", .0.as_secs())]
    RefundTooSoon(Duration),
    /// Another refund of the order came in since the caller has seen how they stand.
    #[error("something of the order was given back since")]
    RefundMoved,
    /// WeChat has answered no.
    #[error("WeChat refused: {1}")]
    Refused(OrderId, Refusal),
    /// WeChat did not answer the question.
    #[error("{1}")]
    Upstream(OrderId, #[source] CallError),
    /// WeChat does not say for sure that the order cannot be paid any more.
    #[error("whether the order can still be paid is left open")]
    LeftOpen(OrderId),
    /// WeChat says paid, and what it says does not fit the deal. An alarm was raised.
    #[error("the payment does not fit the order")]
    Mismatch(OrderId),
    /// The deal goes through an account that the configuration lacks: WeChat cannot be asked about it.
    #[error("{0}")]
    NoAccount(#[from] NoAccount),
    /// There is no bill of that day and account, or its file is not kept.
    #[error("there is no such bill")]
    BillNotFound,
    /// There is no such difference between a bill and the books.
    #[error("there is no such difference")]
    DifferenceNotFound,
    /// The difference is not open, so there is nothing to explain.
    #[error("the difference is healed or explained")]
    DifferenceClosed,
    /// As many calls to WeChat are under way as we allow ourselves.
    #[error("too many calls to WeChat are under way")]
    Busy,
    /// The store could not do it.
    #[error("{0}")]
    Store(#[from] StoreError),
}

impl GatewayError {
    /// It can be closed when so much time has passed. Whole seconds, rounded up: a caller that waits that long succeeds.
    pub(super) fn too_early(missing: TimeDelta) -> Self {
        let millis = missing.num_milliseconds().max(0).unsigned_abs();
        Self::TooEarly(Duration::from_secs(millis.div_ceil(1000)))
    }

    /// Why a call to WeChat about this order brought no answer.
    pub(super) fn of_call(order_id: &OrderId, error: CallError) -> Self {
        match error {
            CallError::Busy => Self::Busy,
            CallError::Refused(refusal) => Self::Refused(order_id.clone(), refusal),
            error => Self::Upstream(order_id.clone(), error),
        }
    }
}

impl From<StoreError> for Arc<GatewayError> {
    fn from(error: StoreError) -> Self {
        Self::new(error.into())
    }
}
