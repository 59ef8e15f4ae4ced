//! Refund policy: what an operator may choose about giving money back.

use chrono::TimeDelta;

/// What an operator may choose about refunds. The defaults are those of the configuration.
#[derive(Debug, Clone, Copy)]
pub struct RefundTerms {
    /// Which payments are given back without a caller asking.
    pub automatic: AutomaticRefunds,
    /// Between two refunds of one order; WeChat asks for a minute.
    pub min_interval: TimeDelta,
}

impl Default for RefundTerms {
    fn default() -> Self {
        Self { automatic: AutomaticRefunds::default(), min_interval: TimeDelta::seconds(60) }
    }
}

/// Which payments are given back without a caller asking; by default none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct AutomaticRefunds {
    /// A second payment of a paid deal.
    pub second: bool,
    /// A payment of a deal that had expired.
    pub late: bool,
}
