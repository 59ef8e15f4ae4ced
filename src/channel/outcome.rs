//! Outcomes of the calls about one order, as far as no [`super::Ticket`] or error says it.

use super::proof::Trade;

/// What a query found.
#[derive(Debug, Clone)]
pub enum QueryOutcome {
    /// The channel knows the order.
    Known(Trade),
    /// It does not, or not yet.
    NotExist,
}

/// What a close brought. None of these proves anything by itself: WeChat is reported to "close" unknown numbers as well
/// (PROTOCOL.md, fact 12), so a query follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CloseOutcome {
    /// Closed now, or before.
    Closed,
    /// The payer was faster.
    Paid,
    /// The channel does not know the order.
    NotExist,
}
