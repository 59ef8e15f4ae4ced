//! The words by which the gateway's numbers are told apart. They are promised to dashboards and alerts.

use crate::channel::{Malformed, NoticeError};
use crate::deal::AlarmKind;
use crate::metrics::{Label, label};
use crate::store::Origin;

use super::SettleError;

label! {
    /// What became of a deal.
    pub enum Outcome = "outcome" {
        /// It was stored, and WeChat is asked for a link.
        Opened = "opened",
        /// It was paid in time.
        Paid = "paid",
        /// It was paid after it had expired.
        PaidLate = "paid_late",
        /// WeChat has said that it cannot be paid any more.
        Expired = "expired",
    }
}

/// By which way a payment became known.
impl Label for Origin {
    const NAME: &'static str = "source";
    const ALL: &'static [(Self, &'static str)] = &[
        (Self::Notification, "notification"),
        (Self::FrontEnd, "query"),
        (Self::Sweeper, "sweep"),
        (Self::CommandLine, "command_line"),
        (Self::Bill, "bill"),
    ];
}

label! {
    /// What found a payment without its notification.
    pub enum Healer = "source" {
        /// A payer's page, by asking.
        Query = "query",
        /// The sweeper.
        Sweep = "sweep",
        /// A day's bill.
        Bill = "bill",
    }
}

impl Healer {
    pub fn of(origin: Origin) -> Option<Self> {
        match origin {
            Origin::Notification => None,
            Origin::FrontEnd | Origin::CommandLine | Origin::Console => Some(Self::Query),
            Origin::Sweeper => Some(Self::Sweep),
            Origin::Bill => Some(Self::Bill),
        }
    }
}

label! {
    /// The alarms of the log: its field `alarm`.
    pub enum Alarm = "kind" {
        /// A signed payment that does not fit its order; of one that goes back by itself: it did not arrive.
        Money = "money",
        /// A payment of a deal that had expired; likewise.
        PaidLate = "paid_late",
        /// A payment of which WeChat says that at least a part was given back.
        Refunded = "refunded",
        /// The payer's bank refused a refund: the merchant must pay it out by hand.
        RefundAbnormal = "refund_abnormal",
        /// A refund that WeChat has signed, and that does not fit; or one whose row another program has changed.
        RefundMismatch = "refund_mismatch",
        /// The merchant's balance does not suffice for a refund, which waits.
        RefundNotEnough = "refund_not_enough",
        /// WeChat does not take the client certificate, and a refund waits for another.
        RefundCertificate = "refund_certificate",
        /// WeChat does not allow a refund from this address, or to this merchant, or does not take its numbers or key; it waits.
        RefundNotAllowed = "refund_not_allowed",
        /// WeChat has not decided a refund for a week, or not told for so long which ones others made.
        RefundOverdue = "refund_overdue",
        /// An endpoint did not take an event, however often it was tried.
        WebhookGivenUp = "webhook_given_up",
        /// An endpoint wants no more events, and is paused.
        WebhookGone = "webhook_gone",
        /// No new deal can be stored: the table has a unique index that refuses each.
        NotOpened = "not_opened",
        /// WeChat has an open order whose deal has expired, and it could not be closed.
        LeftOpen = "left_open",
        /// Undecided deals go through an account that the configuration lacks.
        NoAccount = "no_account",
    }
}

/// Each that the merchant's back ends are told is one of the log's.
impl From<AlarmKind> for Alarm {
    fn from(kind: AlarmKind) -> Self {
        match kind {
            AlarmKind::Money => Self::Money,
            AlarmKind::PaidLate => Self::PaidLate,
            AlarmKind::Refunded => Self::Refunded,
            AlarmKind::RefundAbnormal => Self::RefundAbnormal,
            AlarmKind::RefundMismatch => Self::RefundMismatch,
            AlarmKind::RefundNotEnough => Self::RefundNotEnough,
            AlarmKind::RefundCertificate => Self::RefundCertificate,
            AlarmKind::RefundNotAllowed => Self::RefundNotAllowed,
            AlarmKind::RefundOverdue => Self::RefundOverdue,
            AlarmKind::LeftOpen => Self::LeftOpen,
            AlarmKind::WebhookGivenUp => Self::WebhookGivenUp,
        }
    }
}

label! {
    /// What came of a try to deliver an event, and that there will be none any more.
    pub enum DeliveryOutcome = "outcome" {
        /// The endpoint has it.
        Delivered = "delivered",
        /// The endpoint said no.
        Refused = "refused",
        /// No answer came.
        Unanswered = "unanswered",
        /// It was tried as often as any is, and is given up.
        GivenUp = "given_up",
    }
}

label! {
    /// What became of a refund.
    pub enum RefundStep = "outcome" {
        /// It was stored, and WeChat is asked.
        Requested = "requested",
        /// WeChat has accepted it.
        Accepted = "accepted",
        /// The payer has it.
        Succeeded = "succeeded",
        /// WeChat gave it up.
        Closed = "closed",
        /// The payer's bank refused it.
        Abnormal = "abnormal",
        /// WeChat refused it for good.
        Failed = "failed",
        /// Others made it, and it was found.
        Booked = "booked",
    }
}

label! {
    /// Why a payment that WeChat has signed does not fit: a [`SettleError`] that does not pass.
    pub enum Wrong = "reason" {
        /// No deal has its number.
        UnknownOrder = "unknown_order",
        /// The deal goes through another account.
        Account = "account",
        /// The deal costs another amount.
        Amount = "amount",
        /// Not in CNY.
        Currency = "currency",
        /// The payer was charged twice.
        SecondTransaction = "second_transaction",
        /// The payment has paid another deal.
        SpentTransaction = "spent_transaction",
    }
}

impl Wrong {
    pub(super) fn of(error: &SettleError) -> Option<Self> {
        match error {
            SettleError::UnknownOrder | SettleError::NotWeChats => Some(Self::UnknownOrder),
            SettleError::ForeignAccount => Some(Self::Account),
            SettleError::Amount => Some(Self::Amount),
            SettleError::Currency => Some(Self::Currency),
            SettleError::SecondTransaction | SettleError::SecondGoesBack => Some(Self::SecondTransaction),
            SettleError::SpentTransaction => Some(Self::SpentTransaction),
            SettleError::Store(_) => None,
        }
    }
}

label! {
    /// What WeChat was answered to a notification.
    pub enum Answered = "outcome" {
        /// SUCCESS: the payment is stored.
        Acknowledged = "acknowledged",
        /// SUCCESS: it was stored before.
        Repeated = "repeated",
        /// SUCCESS: a payment was tried and failed.
        PaymentFailed = "payment_failed",
        /// SUCCESS: WeChat was asked about a refund, and what it said is stored.
        Refund = "refund",
        /// FAIL: it does not fit its order.
        Mismatch = "mismatch",
        /// FAIL: it could not be stored, or not in time. WeChat comes again.
        NotStored = "not_stored",
        /// FAIL: it is not WeChat's.
        Disbelieved = "disbelieved",
    }
}

label! {
    /// Why a notification was not believed: where it came from, or a [`NoticeError`] without its particulars.
    pub enum Disbelief = "reason" {
        /// Not from one of `wechat.notify_sources`.
        Sender = "sender",
        /// More than a message may have.
        TooLarge = "too_large",
        /// Not a message of the protocol.
        Malformed = "malformed",
        /// With something missing.
        Incomplete = "incomplete",
        /// Not signed with our key.
        Signature = "signature",
        /// Meant for another merchant.
        Foreign = "foreign",
        /// Addressed to an account that the configuration lacks.
        NoAccount = "no_account",
    }
}

impl Disbelief {
    /// The reason of an error.
    pub(super) fn of(error: &NoticeError) -> Self {
        match error {
            NoticeError::Malformed(Malformed::TooLarge) => Self::TooLarge,
            NoticeError::Malformed(Malformed::Form(_)) => Self::Malformed,
            NoticeError::Incomplete(_) => Self::Incomplete,
            NoticeError::Signature(_) => Self::Signature,
            NoticeError::Foreign(_) => Self::Foreign,
            NoticeError::NoAccount => Self::NoAccount,
        }
    }
}

label! {
    /// Whether a pass of the sweeper took place.
    pub enum Pass = "outcome" {
        /// It did.
        Done = "done",
        /// The store could not tell what is due.
        Failed = "failed",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_alarm_has_one_word_in_the_log_in_metrics_and_for_back_ends() {
        for kind in AlarmKind::ALL {
            assert_eq!(Alarm::from(kind).as_str(), kind.as_str());
        }
    }
}
