//! Alarms: what an operator, and the merchant's back end, must look at. Those of the log that are about no order (an account that the
//! configuration lacks, a table that takes no deal, an endpoint that is gone) are an operator's alone.

/// What an alarm is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AlarmKind {
    /// WeChat has signed a payment that fits no deal, or a second one of a deal.
    Money,
    /// A deal was paid after it had expired.
    PaidLate,
    /// Money went back, and not by this service.
    Refunded,
    /// WeChat has signed a refund that fits none of ours, or the row of one of ours was changed.
    RefundMismatch,
    /// The payer's bank refused a refund.
    RefundAbnormal,
    /// The account has not the money for a refund.
    RefundNotEnough,
    /// WeChat does not take the client certificate.
    RefundCertificate,
    /// WeChat does not let the account give money back.
    RefundNotAllowed,
    /// WeChat has not decided a refund for a week.
    RefundOverdue,
    /// WeChat has an open order whose deal has expired.
    LeftOpen,
    /// An endpoint did not take an event, however often it was tried.
    WebhookGivenUp,
}

impl AlarmKind {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::Money,
        Self::PaidLate,
        Self::Refunded,
        Self::RefundMismatch,
        Self::RefundAbnormal,
        Self::RefundNotEnough,
        Self::RefundCertificate,
        Self::RefundNotAllowed,
        Self::RefundOverdue,
        Self::LeftOpen,
        Self::WebhookGivenUp,
    ];

    /// The word: in the log, in metrics and for callers.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Money => "money",
            Self::PaidLate => "paid_late",
            Self::Refunded => "refunded",
            Self::RefundMismatch => "refund_mismatch",
            Self::RefundAbnormal => "refund_abnormal",
            Self::RefundNotEnough => "refund_not_enough",
            Self::RefundCertificate => "refund_certificate",
            Self::RefundNotAllowed => "refund_not_allowed",
            Self::RefundOverdue => "refund_overdue",
            Self::LeftOpen => "left_open",
            Self::WebhookGivenUp => "webhook_given_up",
        }
    }

    /// Reads the word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }
}
