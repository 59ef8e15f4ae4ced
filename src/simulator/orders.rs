//! An order as WeChat knows it.

use serde::Serialize;

use crate::deal::{BeijingTime, Fen, Timestamp};
use crate::wechat::{Fields, Signer, TradeState};

/// One order.
#[derive(Debug, Clone)]
pub struct SimOrder {
    /// The merchant's number.
    pub out_trade_no: String,
    /// The price.
    pub total_fee: Fen,
    /// What the payer reads.
    pub body: String,
    /// Where the result goes.
    pub notify_url: String,
    /// The present link; a former one is dead.
    pub code_url: String,
    /// WeChat's verdict.
    pub trade_state: TradeState,
    /// The payment's number, once paid.
    pub transaction_id: Option<String>,
    /// When it was paid.
    pub paid_at: Option<Timestamp>,
    /// When it was opened.
    pub created_at: Timestamp,
    /// The notifications so far.
    pub attempts: Vec<Attempt>,
    /// Of the price, what a coupon paid.
    pub(super) coupon: Option<Fen>,
    /// The parameters that a repeat must not change.
    pub(super) parameters: Fields,
    /// The nonce of the order; notifications echo it.
    pub(super) nonce: String,
    /// `time_expire`.
    pub(super) expires_at: Option<Timestamp>,
    /// Key and algorithm of the order: notifications are signed like it.
    pub(super) signer: Signer,
}

impl SimOrder {
    /// A parameter as the merchant sent it, such as `spbill_create_ip`.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.get(name)
    }
}

/// One notification that was sent.
#[derive(Debug, Clone, Serialize)]
pub struct Attempt {
    /// When (RFC 3339).
    pub at: String,
    /// The HTTP status of the answer; none when there was no answer.
    pub status: Option<u16>,
    /// Whether it was the one answer that stops the repeats.
    pub acknowledged: bool,
}

/// An order as `GET /_sim/orders` shows it.
#[derive(Debug, Serialize)]
pub(super) struct OrderJson<'a> {
    out_trade_no: &'a str,
    total_fee: i64,
    trade_state: &'static str,
    transaction_id: Option<&'a str>,
    notify_url: &'a str,
    code_url: &'a str,
    body: &'a str,
    created_at: String,
    attempts: &'a [Attempt],
}

impl<'a> From<&'a SimOrder> for OrderJson<'a> {
    fn from(order: &'a SimOrder) -> Self {
        Self {
            out_trade_no: &order.out_trade_no,
            total_fee: order.total_fee.get(),
            trade_state: order.trade_state.as_str(),
            transaction_id: order.transaction_id.as_deref(),
            notify_url: &order.notify_url,
            code_url: &order.code_url,
            body: &order.body,
            created_at: BeijingTime::from(order.created_at).to_string(),
            attempts: &order.attempts,
        }
    }
}
