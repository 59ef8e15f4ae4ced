//! The table of WeChat's calls (PROTOCOL.md, 1.2): all that is known of each stands here and nowhere else. The replies of all are
//! signed. Of those below `/secapi` WeChat demands a client certificate; this service makes none of them.

use std::time::Duration;

use super::xml::MAX_BYTES;

/// Pauses before an identical request is sent again, while there is time: WeChat asks for that after SYSTEMERROR, and
/// allows it after every unknown outcome of `unifiedorder` and `closeorder` (PROTOCOL.md, 1.4).
const REPEATED: &[Duration] = &[Duration::from_millis(200), Duration::from_millis(600)];
/// A front end that wants to know asks again by itself.
const ASKED_ONCE: &[Duration] = &[];

/// Makes an order, and gives its link.
pub const UNIFIED_ORDER: Call =
    Call { name: "unifiedorder", path: "/pay/unifiedorder", pauses: REPEATED, places: Places::Orders, largest_reply: MAX_BYTES };
/// How an order stands.
pub const ORDER_QUERY: Call =
    Call { name: "orderquery", path: "/pay/orderquery", pauses: ASKED_ONCE, places: Places::Queries, largest_reply: MAX_BYTES };
/// Closes an order.
pub const CLOSE_ORDER: Call =
    Call { name: "closeorder", path: "/pay/closeorder", pauses: REPEATED, places: Places::Orders, largest_reply: MAX_BYTES };
/// Gives money back. Its repeats are minutes apart, and the same number is the same refund.
pub const REFUND: Call =
    Call { name: "refund", path: "/secapi/pay/refund", pauses: ASKED_ONCE, places: Places::Orders, largest_reply: MAX_BYTES };
/// How refunds stand.
pub const REFUND_QUERY: Call =
    Call { name: "refundquery", path: "/pay/refundquery", pauses: ASKED_ONCE, places: Places::Queries, largest_reply: MAX_BYTES };

/// What is asked of WeChat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Call {
    /// WeChat's name for it, in the log and the metrics, too.
    pub name: &'static str,
    /// Where it is, below the base URL of a host.
    pub path: &'static str,
    /// The pauses before each repeat after an unknown outcome.
    pub pauses: &'static [Duration],
    /// Among which calls it takes a place.
    pub places: Places,
    /// How many bytes of a reply are read.
    pub largest_reply: usize,
}

/// The two groups of calls that are bounded apart from one another, so that waiting payers' questions keep no order from being made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Places {
    /// What makes and closes orders.
    Orders,
    /// What asks how orders stand.
    Queries,
}
