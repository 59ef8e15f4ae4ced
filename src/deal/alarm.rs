//! An alarm as it is kept: something that a person must look at, until somebody has answered it, or what it was about is over.

use super::{AccountId, AlarmKind, OrderId, Timestamp};

/// An alarm, as the store knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alarm {
    /// The row's number.
    pub id: i64,
    /// What it is about; `None`: a later version has raised it.
    pub kind: Option<AlarmKind>,
    /// About which order; there need be none of this number.
    pub order_id: Option<OrderId>,
    /// Through which account that goes.
    pub account: AccountId,
    /// More about it, in words that may be shown.
    pub detail: Option<String>,
    /// When it was raised.
    pub at: Timestamp,
    /// Who has looked at it.
    pub answered: Option<Answer>,
    /// How it came to an end by itself.
    pub resolved: Option<Resolved>,
}

impl Alarm {
    /// Whether nobody has answered it, and it is not over.
    pub fn is_open(&self) -> bool {
        self.answered.is_none() && self.resolved.is_none()
    }
}

/// What a person has said to an alarm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// When.
    pub at: Timestamp,
    /// Who.
    pub by: String,
    /// What was done about it.
    pub note: String,
}

/// That an alarm is over without anybody's answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Resolved {
    /// Since when that is known.
    pub at: Timestamp,
    /// By what; `None`: a later version knows.
    pub by: Option<Resolution>,
}

/// What resolves an alarm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resolution {
    /// WeChat has accepted the refund that waited.
    RefundAccepted,
    /// The refund has reached its payer.
    RefundSucceeded,
    /// The refund was decided otherwise, which was told of by itself.
    RefundDecided,
    /// All of the payment has gone back.
    GivenBack,
    /// The order was paid, which was told of by itself.
    OrderPaid,
    /// The endpoint has the event.
    Delivered,
}

impl Resolution {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::RefundAccepted, Self::RefundSucceeded, Self::RefundDecided, Self::GivenBack, Self::OrderPaid, Self::Delivered];

    /// The word in the table.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::RefundAccepted => "refund_accepted",
            Self::RefundSucceeded => "refund_succeeded",
            Self::RefundDecided => "refund_decided",
            Self::GivenBack => "given_back",
            Self::OrderPaid => "order_paid",
            Self::Delivered => "delivered",
        }
    }

    /// Reads the word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|resolution| resolution.as_str() == word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_read_as_they_are_written() {
        for resolution in Resolution::ALL {
            assert_eq!(Resolution::from_word(resolution.as_str()), Some(resolution));
        }
        assert_eq!(Resolution::from_word("somehow"), None);
    }
}
