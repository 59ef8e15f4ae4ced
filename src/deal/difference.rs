//! A difference between a bill and our books. A bill is unsigned: it names what to ask about, and what WeChat then signs is stored
//! through the doors to Paid and Refunded. What is left says why.

use super::{AccountId, Day};

/// What differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum DifferenceKind {
    /// The bill has a payment of an order that is not paid here.
    PaidThereOnly,
    /// An order is paid here, and the bill does not have it.
    PaidHereOnly,
    /// The amounts of a payment differ.
    Amount,
    /// The bill has a payment of an order that is paid here by another one.
    SecondTransaction,
    /// The bill has an order that is not known here.
    UnknownOrder,
    /// The bill has a refund that is not known here, or was not accepted.
    RefundThereOnly,
    /// A refund stands otherwise here: the bill does not have it, or the fund flow says that it was closed.
    RefundHereOnly,
    /// The amounts of a refund differ.
    RefundAmount,
    /// The file is wrong in itself: its sums, or a line of it that cannot be read.
    Summary,
}

impl DifferenceKind {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::PaidThereOnly,
        Self::PaidHereOnly,
        Self::Amount,
        Self::SecondTransaction,
        Self::UnknownOrder,
        Self::RefundThereOnly,
        Self::RefundHereOnly,
        Self::RefundAmount,
        Self::Summary,
    ];

    /// The word for callers, in metrics and in the table.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::PaidThereOnly => "PAID_THERE_ONLY",
            Self::PaidHereOnly => "PAID_HERE_ONLY",
            Self::Amount => "AMOUNT",
            Self::SecondTransaction => "SECOND_TRANSACTION",
            Self::UnknownOrder => "UNKNOWN_ORDER",
            Self::RefundThereOnly => "REFUND_THERE_ONLY",
            Self::RefundHereOnly => "REFUND_HERE_ONLY",
            Self::RefundAmount => "REFUND_AMOUNT",
            Self::Summary => "SUMMARY",
        }
    }

    /// Reads the word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }
}

/// What became of a difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DifferenceState {
    /// Nobody has explained it.
    Open,
    /// Our books agree with the bill now.
    Healed,
    /// It is none that matters: an operator, a rule or WeChat's signed word says why.
    Explained,
}

impl DifferenceState {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Open, Self::Healed, Self::Explained];

    /// The word for callers, and in the table.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "OPEN",
            Self::Healed => "HEALED",
            Self::Explained => "EXPLAINED",
        }
    }

    /// Reads the word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }
}

/// Why a difference stands as it does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Finding {
    /// WeChat could not be asked yet.
    Unanswered,
    /// WeChat's signed word was stored, and the books agree.
    Settled,
    /// When the bill was held against the books again, they agreed.
    AgreesNow,
    /// WeChat's signed word confirms what our books say.
    Confirmed,
    /// WeChat's signed word is that it is not paid, or not given back.
    NotPaid,
    /// WeChat says that it does not know it.
    NotKnown,
    /// WeChat's signed word does not fit the books either; an alarm was raised.
    Mismatch,
    /// A second payment of the order, which goes back by a refund.
    GoesBack,
    /// A refund was closed after its day, which the fund flow tells.
    ClosedLater,
    /// It is another system's, as `bill.foreign_prefixes` says.
    Foreign,
    /// A line cannot be read.
    Unreadable,
    /// A line is of another day, or of another merchant number.
    Elsewhere,
    /// A line stands there a second time.
    Repeated,
    /// A sum is not what its lines come to.
    WrongSum,
    /// An operator says why.
    Noted,
}

impl Finding {
    /// All of them.
    pub const ALL: [Self; 15] = [
        Self::Unanswered,
        Self::Settled,
        Self::AgreesNow,
        Self::Confirmed,
        Self::NotPaid,
        Self::NotKnown,
        Self::Mismatch,
        Self::GoesBack,
        Self::ClosedLater,
        Self::Foreign,
        Self::Unreadable,
        Self::Elsewhere,
        Self::Repeated,
        Self::WrongSum,
        Self::Noted,
    ];

    /// The word in the table.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unanswered => "unanswered",
            Self::Settled => "settled",
            Self::AgreesNow => "agrees_now",
            Self::Confirmed => "confirmed",
            Self::NotPaid => "not_paid",
            Self::NotKnown => "not_known",
            Self::Mismatch => "mismatch",
            Self::GoesBack => "goes_back",
            Self::ClosedLater => "closed_later",
            Self::Foreign => "foreign",
            Self::Unreadable => "unreadable",
            Self::Elsewhere => "elsewhere",
            Self::Repeated => "repeated",
            Self::WrongSum => "wrong_sum",
            Self::Noted => "noted",
        }
    }

    /// Reads the word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|finding| finding.as_str() == word)
    }
}

/// What differs, as it was found. Numbers are as they stand in the bill: other systems' need not have the form of ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// What differs.
    pub kind: DifferenceKind,
    /// What became of it.
    pub state: DifferenceState,
    /// Why; `None`: WeChat was not asked, for there is nothing to ask about.
    pub finding: Option<Finding>,
    /// By what it is known again when the bill is held against the books another time: unique with its kind within the bill.
    pub subject: String,
    /// The merchant's number of the order (`out_trade_no`).
    pub order_id: Option<String>,
    /// WeChat's number of the payment.
    pub transaction_id: Option<String>,
    /// The merchant's number of the refund (`out_refund_no`), or WeChat's where that is all there is.
    pub refund_id: Option<String>,
    /// What our books say, in fen.
    pub ours_fee: Option<i64>,
    /// What the bill says, in fen; of a sum that is wrong, in its unit.
    pub theirs_fee: Option<i64>,
    /// More about it, in words that may be shown: a line's number, a sum's name.
    pub detail: Option<String>,
}

/// A difference as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The row's number in the `bill_difference` table.
    pub id: i64,
    /// Of whose bill.
    pub account: AccountId,
    /// Of which day.
    pub day: Day,
    /// What was found.
    pub found: Found,
    /// Who has explained it.
    pub explained_by: Option<String>,
    /// What they say.
    pub note: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_read_as_they_are_written() {
        assert!(DifferenceKind::ALL.into_iter().all(|kind| DifferenceKind::from_word(kind.as_str()) == Some(kind)));
        assert!(DifferenceState::ALL.into_iter().all(|state| DifferenceState::from_word(state.as_str()) == Some(state)));
        assert!(Finding::ALL.into_iter().all(|finding| Finding::from_word(finding.as_str()) == Some(finding)));
        assert_eq!((DifferenceKind::from_word("amount"), DifferenceState::from_word(""), Finding::from_word("OPEN")), (None, None, None));
    }
}
