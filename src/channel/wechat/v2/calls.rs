//! The table of WeChat's calls (PROTOCOL.md, 1.2): all that is known of each stands here and nowhere else. The replies of all are
//! signed, but for bills. Those below `/secapi` want a client certificate, and so does the fund flow.

use std::time::Duration;

use super::xml::MAX_BYTES;

/// Pauses before an identical request is sent again, while there is time: WeChat asks for that after SYSTEMERROR, and
/// allows it after every unknown outcome of `unifiedorder` and `closeorder` (PROTOCOL.md, 1.4).
const REPEATED: &[Duration] = &[Duration::from_millis(200), Duration::from_millis(600)];
/// Whoever wants to know asks again: a front end by itself, for a bill hours later.
const ASKED_ONCE: &[Duration] = &[];

/// Makes an order, and gives its link.
pub const UNIFIED_ORDER: Call = Call {
    name: "unifiedorder",
    path: "/pay/unifiedorder",
    wants_certificate: false,
    pauses: REPEATED,
    places: Places::Orders,
    largest_reply: MAX_BYTES,
};
/// How an order stands.
pub const ORDER_QUERY: Call = Call {
    name: "orderquery",
    path: "/pay/orderquery",
    wants_certificate: false,
    pauses: ASKED_ONCE,
    places: Places::Queries,
    largest_reply: MAX_BYTES,
};
/// Closes an order.
pub const CLOSE_ORDER: Call = Call {
    name: "closeorder",
    path: "/pay/closeorder",
    wants_certificate: false,
    pauses: REPEATED,
    places: Places::Orders,
    largest_reply: MAX_BYTES,
};
/// Gives money back. It is repeated too, but minutes later, and what it then carries is the same refund.
pub const REFUND: Call = Call {
    name: "refund",
    path: "/secapi/pay/refund",
    wants_certificate: true,
    pauses: ASKED_ONCE,
    places: Places::Refunds,
    largest_reply: MAX_BYTES,
};
/// How refunds stand.
pub const REFUND_QUERY: Call = Call {
    name: "refundquery",
    path: "/pay/refundquery",
    wants_certificate: false,
    pauses: ASKED_ONCE,
    places: Places::Refunds,
    largest_reply: MAX_BYTES,
};
/// A day's trade bill.
pub const DOWNLOAD_BILL: Call = Call {
    name: "downloadbill",
    path: "/pay/downloadbill",
    wants_certificate: false,
    pauses: ASKED_ONCE,
    places: Places::Bills,
    largest_reply: LARGEST_BILL,
};
/// A day's fund flow.
pub const DOWNLOAD_FUND_FLOW: Call = Call {
    name: "downloadfundflow",
    path: "/pay/downloadfundflow",
    wants_certificate: true,
    pauses: ASKED_ONCE,
    places: Places::Bills,
    largest_reply: LARGEST_BILL,
};

/// As received, and so packed: some gigabytes of text. It is far beyond any shop's day, and keeps an answer that does not end from filling the disk.
const LARGEST_BILL: usize = 256 * 1024 * 1024;

/// What is asked of WeChat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Call {
    /// WeChat's name for it, in the log and the metrics, too.
    pub name: &'static str,
    /// Where it is, below the base URL of a host.
    pub path: &'static str,
    /// Whether the client has to show the merchant's certificate.
    pub wants_certificate: bool,
    /// The pauses before each repeat after an unknown outcome.
    pub pauses: &'static [Duration],
    /// Among which calls it takes a place.
    pub places: Places,
    /// How many bytes of a reply are read.
    pub largest_reply: usize,
}

/// The groups of calls that are bounded apart from one another, so that waiting payers' questions keep no order from being made, a day's
/// refunds neither of the two, and bills, which take minutes, none of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Places {
    /// What makes and closes orders.
    Orders,
    /// What asks how orders stand.
    Queries,
    /// What gives money back, and asks how that stands.
    Refunds,
    /// What brings bills.
    Bills,
}
