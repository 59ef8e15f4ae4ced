//! Refunds (退款): money that goes back, asked for by API or made by hand in the merchant platform (商户平台).
//!
//! A refund is accepted (`rules`) and decided later: it arrives after a while, or the tester's hand says otherwise. `book` keeps
//! them all, `answers` and `query` are the two calls, `notifications` tells the merchant (`forgery`: what is not so), `control` is the tester's hand.

mod answers;
mod balance;
mod book;
mod by_hand;
pub(super) mod control;
mod forgery;
mod form;
mod notifications;
mod query;
mod refusal;
mod rules;

use serde::{Deserialize, Serialize};

use crate::channel::wechat::v2::Fields;
use crate::deal::{BeijingTime, Fen, Timestamp};

use super::orders::{Attempt, OrderKey};

pub(super) use balance::{Balances, Payee};
pub(super) use book::{Place, RefundBook};
pub use by_hand::CannotRefund;
pub(super) use form::check as check_form;
pub use refusal::RefundRefusal;

/// One refund.
#[derive(Debug, Clone)]
pub struct SimRefund {
    /// Of which order.
    pub order: OrderKey,
    /// The merchant's number for it, or the merchant platform's.
    pub out_refund_no: String,
    /// WeChat's number for it.
    pub refund_id: String,
    /// What goes back.
    pub refund_fee: Fen,
    /// How it stands.
    pub state: RefundState,
    /// Who asked for it.
    pub source: RefundSource,
    /// Where its end is told: what the request said, or the merchant platform's setting.
    pub notify_url: Option<String>,
    /// When it was accepted.
    pub accepted_at: Timestamp,
    /// When it was decided.
    pub decided_at: Option<Timestamp>,
    /// The notifications so far.
    pub attempts: Vec<Attempt>,
    /// The parameters that a repeat must not change; none of one that was made by hand.
    pub(super) parameters: Fields,
}

/// How a refund stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum RefundState {
    /// On its way.
    #[serde(skip_deserializing)]
    Processing,
    /// The payer has it.
    Success,
    /// WeChat gave it up: the money is the order's again.
    RefundClose,
    /// The payer's bank refused: the money is the merchant's, who pays it out by hand.
    Change,
}

impl RefundState {
    /// Reads WeChat's word.
    pub(super) fn from_word(word: &str) -> Option<Self> {
        [Self::Processing, Self::Success, Self::RefundClose, Self::Change].into_iter().find(|state| state.as_str() == word)
    }

    /// WeChat's word (`refund_status`).
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Processing => "PROCESSING",
            Self::Success => "SUCCESS",
            Self::RefundClose => "REFUNDCLOSE",
            Self::Change => "CHANGE",
        }
    }
}

/// Who asked for a refund.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefundSource {
    /// A call of the merchant's.
    Api,
    /// The merchant's staff, in the merchant platform.
    VendorPlatform,
}

impl RefundSource {
    /// Reads WeChat's word.
    pub(super) fn from_word(word: &str) -> Option<Self> {
        [Self::Api, Self::VendorPlatform].into_iter().find(|source| source.as_str() == word)
    }

    /// WeChat's word (`refund_request_source`).
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Api => "API",
            Self::VendorPlatform => "VENDOR_PLATFORM",
        }
    }
}

impl SimRefund {
    /// Where the money goes, as WeChat names it.
    fn receiver(&self) -> &'static str {
        if self.state == RefundState::Change { "商户基本账户" } else { "支付用户零钱" }
    }

    /// When the payer had it, in WeChat's form; only of one that arrived.
    fn success_time(&self) -> Option<String> {
        let at = self.decided_at.filter(|_| self.state == RefundState::Success)?;
        Some(BeijingTime::from(at).naive().format("%Y-%m-%d %H:%M:%S").to_string())
    }

    /// Whether it takes its part of what was paid: all do but those that WeChat gave up.
    fn counts(&self) -> bool {
        self.state != RefundState::RefundClose
    }
}

#[cfg(test)]
mod tests;
