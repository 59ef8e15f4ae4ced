//! Events of the journal, and their words in the table.

use crate::channel::Evidence;
use crate::deal::{Announcement, OrderId, RefundSource, Timestamp};

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventKind {
    /// A front end opened the deal; WeChat is about to be asked for a link.
    Opened,
    /// WeChat gave a link.
    LinkGiven,
    /// WeChat refused to give one.
    LinkRefused,
    /// It is not known whether WeChat took the order.
    LinkUnknown,
    /// The deal became Paid.
    Settled,
    /// The deal became Paid after it had expired.
    SettledLate,
    /// A deal that another program had marked as paid got the transaction that WeChat has signed.
    Identified,
    /// WeChat said of a paid deal that at least a part was given back.
    Refunded,
    /// WeChat has signed something about money that does not fit the deal. Nothing was changed.
    Mismatch,
    /// WeChat has signed a second payment, and it goes back by itself.
    SecondPayment,
    /// WeChat told of a payment that failed.
    PaymentFailed,
    /// The sweeper asked, and the deal is still undecided.
    Looked,
    /// WeChat was asked to close the order.
    Closed,
    /// The deal became Expired.
    Expired,
    /// The deal became Expired by a payment, for its checkout had been paid in another way before.
    PaidOtherwise,
    /// A refund was asked for; WeChat is about to be.
    RefundRequested,
    /// WeChat has accepted a refund.
    RefundAccepted,
    /// A refund could not be had yet; it will be sent again.
    RefundPostponed,
    /// WeChat was asked about a refund, which is still on its way.
    RefundLooked,
    /// A refund has reached its payer.
    RefundSucceeded,
    /// WeChat gave a refund up.
    RefundClosed,
    /// The payer's bank refused a refund.
    RefundAbnormal,
    /// WeChat refused a refund for good.
    RefundFailed,
    /// A refund that others made was found.
    RefundBooked,
    /// WeChat has signed something about a refund that does not fit. Nothing was changed.
    RefundMismatch,
    /// WeChat took an order whose deal had expired, and it could not be closed.
    LeftOpen,
    /// An endpoint of the merchant's did not take an event about the deal, however often it was tried.
    WebhookGivenUp,
}

impl EventKind {
    const ALL: [(Self, &'static str); 27] = [
        (Self::Opened, "opened"),
        (Self::LinkGiven, "link_given"),
        (Self::LinkRefused, "link_refused"),
        (Self::LinkUnknown, "link_unknown"),
        (Self::Settled, "settled"),
        (Self::SettledLate, "settled_late"),
        (Self::Identified, "identified"),
        (Self::Refunded, "refunded"),
        (Self::Mismatch, "mismatch"),
        (Self::SecondPayment, "second_payment"),
        (Self::PaymentFailed, "payment_failed"),
        (Self::Looked, "looked"),
        (Self::Closed, "closed"),
        (Self::Expired, "expired"),
        (Self::PaidOtherwise, "paid_otherwise"),
        (Self::RefundRequested, "refund_requested"),
        (Self::RefundAccepted, "refund_accepted"),
        (Self::RefundPostponed, "refund_postponed"),
        (Self::RefundLooked, "refund_looked"),
        (Self::RefundSucceeded, "refund_succeeded"),
        (Self::RefundClosed, "refund_closed"),
        (Self::RefundAbnormal, "refund_abnormal"),
        (Self::RefundFailed, "refund_failed"),
        (Self::RefundBooked, "refund_booked"),
        (Self::RefundMismatch, "refund_mismatch"),
        (Self::LeftOpen, "left_open"),
        (Self::WebhookGivenUp, "webhook_given_up"),
    ];

    /// The word in the table.
    pub fn as_str(self) -> &'static str {
        Self::ALL.iter().find(|(kind, _)| *kind == self).map_or("", |(_, word)| word)
    }

    pub(super) fn from_word(word: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, known)| *known == word).map(|(kind, _)| *kind)
    }
}

/// The use case that brought it about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// A call of a front end.
    FrontEnd,
    /// A notification of WeChat's.
    Notification,
    /// The sweeper.
    Sweeper,
    /// An operator at the command line.
    CommandLine,
    /// A bill, which had WeChat asked.
    Bill,
    /// An operator in the console.
    Console,
}

impl Origin {
    /// Through whom a refund of this source is asked for.
    pub fn of(source: RefundSource) -> Self {
        match source {
            RefundSource::Cli => Self::CommandLine,
            RefundSource::Console => Self::Console,
            RefundSource::Api | RefundSource::Automatic | RefundSource::Platform => Self::FrontEnd,
        }
    }

    const ALL: [(Self, &'static str); 6] = [
        (Self::FrontEnd, "front_end"),
        (Self::Notification, "notification"),
        (Self::Sweeper, "sweeper"),
        (Self::CommandLine, "command_line"),
        (Self::Bill, "bill"),
        (Self::Console, "console"),
    ];

    /// The word in the table.
    pub fn as_str(self) -> &'static str {
        Self::ALL.iter().find(|(origin, _)| *origin == self).map_or("", |(_, word)| word)
    }

    pub(in crate::store) fn from_word(word: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, known)| *known == word).map(|(origin, _)| *origin)
    }
}

/// Something that happened to a deal.
#[derive(Debug, Clone)]
pub struct Event {
    /// To which.
    pub order_id: OrderId,
    /// What.
    pub kind: EventKind,
    /// Through whom.
    pub origin: Origin,
    /// More about it, in words that may be shown.
    pub detail: Option<String>,
    /// The verified message that it rests on; `None` also where the deal itself keeps it.
    pub evidence: Option<Evidence>,
    /// What the merchant's back ends are to be told of it.
    pub announces: Vec<Announcement>,
    /// When.
    pub at: Timestamp,
}

/// An event as it was stored. Its evidence names the payer and stays in the database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredEvent {
    /// The row's number.
    pub id: i64,
    /// What; `None` if a later version wrote it.
    pub kind: Option<EventKind>,
    /// Through whom.
    pub origin: Option<Origin>,
    /// More about it.
    pub detail: Option<String>,
    /// Which instance of the service wrote it.
    pub instance: String,
    /// When.
    pub at: Timestamp,
}
