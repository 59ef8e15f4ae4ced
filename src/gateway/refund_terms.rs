//! What an operator may choose about refunds.

use chrono::TimeDelta;

/// The section `refund` of the configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RefundTerms {
    /// Whether a second payment of a paid deal is given back without a caller asking.
    pub gives_second_back: bool,
    /// Whether a payment of a deal that had expired is.
    pub gives_late_back: bool,
    /// How long after an order's last refund the next may be asked for; WeChat wants a minute.
    pub min_interval: TimeDelta,
}

impl Default for RefundTerms {
    fn default() -> Self {
        Self { gives_second_back: false, gives_late_back: false, min_interval: TimeDelta::seconds(60) }
    }
}
