//! The service itself, one file a use case. It knows no HTTP framework and no SQL: it decides, the store keeps,
//! WeChat is asked. No database transaction and no lock is ever held across a call to WeChat.

mod close_order;
mod polls;
mod query_order;
mod settle;
mod to_pay;

use std::time::Duration;

use chrono::TimeDelta;

use crate::chance::Chance;
use crate::clock::Clock;
use crate::deal::{OrderId, Timestamp};
use crate::store::{Store, StoreError};
use crate::wechat::{CallError, Client, Refusal};

pub use query_order::OrderView;
pub use settle::{SettleError, Settled};
pub use to_pay::{Opened, ToPay};

use polls::Polls;

/// What an operator may choose about deals.
#[derive(Debug, Clone)]
pub struct Terms {
    /// How long a deal can be paid.
    pub expire_after: TimeDelta,
    /// How old a deal must be to be closed; WeChat asks for five minutes.
    pub close_min_age: TimeDelta,
    /// The description that the payer reads, with `{merchant_id}` and `{product_id}` to be filled in.
    pub body: String,
    /// `orderquery` calls a second for waiting payers.
    pub query_budget: u32,
}

/// Opens, watches, settles and closes deals.
#[derive(Debug)]
pub struct Gateway {
    store: Store,
    wechat: Client,
    clock: Clock,
    chance: Chance,
    terms: Terms,
    polls: Polls,
}

/// Why a caller does not get what was asked for.
#[derive(Debug, thiserror::Error)]
pub enum GatewayError {
    /// There is no such deal.
    #[error("there is no such order")]
    NotFound,
    /// The idempotency key was used with other parameters.
    #[error("the idempotency key was used with another {0}")]
    IdempotencyConflict(&'static str),
    /// The deal is paid.
    #[error("the order is paid")]
    OrderPaid(OrderId),
    /// The deal is closed.
    #[error("the order is closed")]
    OrderClosed(OrderId),
    /// The deal is too young to be closed.
    #[error("the order can be closed in {} s", .0.as_secs())]
    TooEarly(Duration),
    /// WeChat has answered no.
    #[error("WeChat refused: {1}")]
    Refused(OrderId, Refusal),
    /// WeChat did not answer the question.
    #[error("{1}")]
    Upstream(OrderId, CallError),
    /// WeChat says paid, and what it says does not fit the deal. An alarm was raised.
    #[error("the payment does not fit the order")]
    Mismatch(OrderId),
    /// The store could not do it.
    #[error("{0}")]
    Store(#[from] StoreError),
}

impl GatewayError {
    /// The outcome of a call to WeChat about this order that brought no answer.
    fn of_call(order_id: &OrderId, error: CallError) -> Self {
        match error {
            CallError::Refused(refusal) => Self::Refused(order_id.clone(), refusal),
            error => Self::Upstream(order_id.clone(), error),
        }
    }
}

impl Gateway {
    /// Puts the parts together.
    pub fn new(store: Store, wechat: Client, clock: Clock, chance: Chance, terms: Terms) -> Self {
        let polls = Polls::new(terms.query_budget);
        Self { store, wechat, clock, chance, terms, polls }
    }

    /// Now, by the service's clock.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Where deals are kept.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Who we are to WeChat: what reads a notification.
    pub fn merchant(&self) -> &crate::wechat::Merchant {
        self.wechat.merchant()
    }
}
