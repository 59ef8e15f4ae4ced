//! Webhook messages of a channel: what a notification tells, why it may not be believed, and what the channel is answered.

use std::borrow::Cow;
use std::fmt;

use crate::deal::{AccountId, OrderId, RefundId};

use super::error::{Malformed, SignatureError};
use super::proof::ProvenPayment;

/// Whose a message says that it is, before anything of it is believed: by this the key is chosen that must then verify it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Addressee {
    /// `appid`.
    pub appid: String,
    /// `mch_id`.
    pub mch_id: String,
    /// `sub_mch_id`, for a service provider's sub-merchant.
    pub sub_mch_id: Option<String>,
}

/// As operators know the numbers.
impl fmt::Display for Addressee {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "mch_id {} appid {}", self.mch_id, self.appid)?;
        self.sub_mch_id.iter().try_for_each(|sub_mch_id| write!(f, " sub_mch_id {sub_mch_id}"))
    }
}

/// What a notification tells, once it is known to be the channel's and about us.
#[derive(Debug)]
pub enum News {
    /// The order was paid.
    Paid(ProvenPayment),
    /// A payment was tried and failed. Acknowledged and otherwise only taken note of.
    Failed {
        /// Whose key vouches for it.
        account: AccountId,
        /// Which order.
        order_id: OrderId,
    },
    /// A refund was decided, or so this says. WeChat encrypts it instead of signing it, so it proves nothing and only wakes.
    Refund(RefundWake),
}

/// What an encrypted notification names. A sender that has two old ones can make a third of their blocks, so this says only what to
/// ask about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefundWake {
    /// Whose key opens it.
    pub account: AccountId,
    /// Of which order.
    pub order_id: OrderId,
    /// Which refund.
    pub refund_id: RefundId,
}

/// A notification that our key has signed.
#[derive(Debug)]
pub enum Reading {
    /// By the configured algorithm.
    Verified(News),
    /// By another one, which is right if its order was sent so.
    OtherAlgorithm(Unconfirmed),
}

/// A notification that our key has signed by an algorithm that is not the configured one. It proves nothing until the order's
/// own request says that it was sent so ([`Unconfirmed::confirm`]).
#[derive(Debug)]
pub struct Unconfirmed {
    pub(in crate::channel) account: AccountId,
    pub(in crate::channel) order_id: OrderId,
    pub(in crate::channel) news: News,
    /// The channel's word for the algorithm.
    pub(in crate::channel) algorithm: &'static str,
}

impl Unconfirmed {
    /// Whose key has signed it.
    pub fn account(&self) -> &AccountId {
        &self.account
    }

    /// About which order it is.
    pub fn order_id(&self) -> &OrderId {
        &self.order_id
    }

    /// The news of an order that is not there (of a restored copy, say): signed with our key, it is no forgery, and there is no
    /// deal that it could settle.
    pub fn of_unknown_order(self) -> News {
        self.news
    }
}

/// Why a notification is not believed. The texts are fixed: nothing of the message is ever echoed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoticeError {
    /// Not a message of the protocol.
    #[error("{0}")]
    Malformed(#[from] Malformed),
    /// Not signed by WeChat with our key.
    #[error("{0}")]
    Signature(#[from] SignatureError),
    /// A required field is missing or malformed.
    #[error("the notification has no valid {0}")]
    Incomplete(&'static str),
    /// For another appid or merchant number.
    #[error("the notification has a foreign {0}")]
    Foreign(&'static str),
    /// Posted to the address of an account that the configuration lacks: there is no key to verify it with.
    #[error("the notification is addressed to an account that is not configured")]
    NoAccount,
}

/// Whether a notification was taken. The channel posts one that was not once more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Receipt {
    /// It need not be posted again.
    Taken,
    /// It was not taken, for this reason in a word or two.
    Refused(&'static str),
}

/// A [`Receipt`] as the channel reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acknowledgement {
    /// The body of the answer.
    pub body: Cow<'static, str>,
    /// Its content type.
    pub content_type: &'static str,
}
