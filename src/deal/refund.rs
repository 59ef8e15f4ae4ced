//! A refund: an amount of one payment that goes back to its payer, as an aggregate of its own beside the deal.
//!
//! Its number and its amount are fixed before the channel is asked, for ever: a repeat is the same request, and a new number would
//! be a second refund.

use super::{AccountId, Fen, OrderId, RefundId, RefundReason, RefundState, Timestamp};

/// One refund, as the store knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refund {
    /// The row's number in the `refund` table.
    pub id: i64,
    /// Our number for it, `out_refund_no` on the wire; of a refund that others made, theirs.
    pub refund_id: RefundId,
    /// Of which deal.
    pub order_id: OrderId,
    /// Through which account, which is the deal's.
    pub account: AccountId,
    /// Which payment goes back, where that is known. The deal's own, unless `is_of_second_payment`.
    pub transaction_id: Option<String>,
    /// How much.
    pub fee: Fen,
    /// What the caller asked for; `None`: all that was left.
    pub asked: Option<Fen>,
    /// Whether it gives back a second payment of the deal, and so is no part of what the deal's own payment has left.
    pub is_of_second_payment: bool,
    /// What the payer reads.
    pub reason: Option<RefundReason>,
    /// Who asked for it.
    pub source: RefundSource,
    /// How it stands.
    pub state: RefundState,
    /// Why it waits to be sent again, or why WeChat refused it, in words that may be shown.
    pub detail: Option<String>,
    /// Of a refund that waits for a client certificate that WeChat takes: the fingerprint of the one that it did not take, or nothing
    /// where there was none.
    pub refused_certificate: Option<String>,
    /// WeChat's number for it, once WeChat has accepted it.
    pub wechat_refund_id: Option<String>,
    /// Where the money went, as WeChat names it.
    pub receiver: Option<String>,
    /// The caller's name for this attempt, unique within the deal. `None` of what others made.
    pub idempotency_key: Option<String>,
    /// The exact bytes that WeChat is asked with. `None` of what others made.
    pub request: Option<String>,
    /// When it was asked for, or first heard of.
    pub created_at: Timestamp,
    /// When it was last sent, or was about to be, without an answer that decides it. `None`: at most once, when it was stored.
    pub sent_at: Option<Timestamp>,
    /// When WeChat accepted it.
    pub accepted_at: Option<Timestamp>,
    /// When the payer had it, as WeChat says.
    pub refunded_at: Option<Timestamp>,
    /// When it is next sent, or asked about. `None` once it is decided, or given up after a week.
    pub due_at: Option<Timestamp>,
}

impl Refund {
    /// Whether WeChat has accepted it, so that it is asked about and sent no more.
    pub fn is_accepted(&self) -> bool {
        self.wechat_refund_id.is_some()
    }
}

/// What has been given back of a deal's payment, or is on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Refunded {
    /// How much. `None`: nothing.
    pub fee: Option<Fen>,
    /// By how many refunds, those that WeChat closed included.
    pub count: u32,
    /// When the last one was asked for here: of what others made it says nothing.
    pub last_at: Option<Timestamp>,
    /// When WeChat is asked which refunds there are, since it told of one that is not known here, or has refused one. `None`: it is
    /// not.
    pub list_due_at: Option<Timestamp>,
}

impl Refunded {
    /// Whether no refund is known, nor one that WeChat closed, of which it speaks in the same word.
    pub fn is_nothing(&self) -> bool {
        self.fee.is_none() && self.count == 0
    }

    /// Whether WeChat's word that something was given back may be about others' refunds: it speaks so of those that it closed as well.
    pub fn are_all_closed(&self) -> bool {
        self.fee.is_none() && self.count > 0
    }

    /// How they stand, in short, so that one can tell whether another came in since.
    pub fn standing(&self) -> String {
        format!("{} {}", self.count, self.fee.map_or(0, Fen::get))
    }
}

/// Who asked for a refund.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RefundSource {
    /// The merchant's back end.
    Api,
    /// An operator at the command line.
    Cli,
    /// An operator in the console.
    Console,
    /// This service by itself, as `refund.automatic` says.
    Automatic,
    /// Others: the merchant's staff in the merchant platform (商户平台), or another program.
    Platform,
}

impl RefundSource {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Api, Self::Cli, Self::Console, Self::Automatic, Self::Platform];

    /// The word in the table.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Api => "api",
            Self::Cli => "cli",
            Self::Console => "console",
            Self::Automatic => "automatic",
            Self::Platform => "platform",
        }
    }

    /// Reads the word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|source| source.as_str() == word)
    }
}

/// For the tests of other rooms.
#[cfg(test)]
pub mod testing {
    use super::*;

    /// A refund that was asked for and not sent yet.
    pub fn refund() -> Refund {
        let now = Timestamp::UNIX_EPOCH;
        Refund {
            id: 1,
            refund_id: "20260401120000000000000000000001".parse().unwrap(),
            order_id: "20260401110000000000000000000001".parse().unwrap(),
            account: AccountId::default(),
            transaction_id: Some("4200002100202604010000000001".to_owned()),
            fee: Fen::new(500).unwrap(),
            asked: Fen::new(500),
            is_of_second_payment: false,
            reason: None,
            source: RefundSource::Api,
            state: RefundState::Processing,
            detail: None,
            refused_certificate: None,
            wechat_refund_id: None,
            receiver: None,
            idempotency_key: Some("first".to_owned()),
            request: Some("<xml></xml>".to_owned()),
            created_at: now,
            sent_at: None,
            accepted_at: None,
            refunded_at: None,
            due_at: Some(now),
        }
    }
}
