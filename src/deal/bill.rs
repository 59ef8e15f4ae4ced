//! A bill (对账单): what WeChat says was paid and given back through one account on one day in Beijing, and how our books agree with it.

use super::{AccountId, Day, Timestamp};

/// How our books stand to a day's bill.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BillState {
    /// Each line of it is in the books, and the other way round, or each difference is healed or explained.
    Agreed,
    /// There are differences that nobody has explained.
    Different,
    /// It was not to be had yet, or is not to be had any more, or WeChat says that there is none although the books know of payments.
    Missing,
    /// WeChat says that nothing was paid or given back, and the books say so too.
    NoTrades,
}

impl BillState {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Agreed, Self::Different, Self::Missing, Self::NoTrades];

    /// The word for callers.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Agreed => "AGREED",
            Self::Different => "DIFFERENT",
            Self::Missing => "MISSING",
            Self::NoTrades => "NO_TRADES",
        }
    }
}

/// What the lines of a bill come to, other systems' under the same merchant number included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct BillSums {
    /// Payments.
    pub payments: i64,
    /// Σ of the orders' amounts, in fen.
    pub paid_fee: i64,
    /// Refunds, those that were on their way included.
    pub refunds: i64,
    /// Σ of the amounts that were asked to be given back, in fen.
    pub refunded_fee: i64,
    /// Σ of WeChat's fees, in 1/100000 yuan; below 0 where more was given back than taken.
    pub fee: i64,
}

/// A fee of WeChat's in yuan, which has five decimals; below 0 where more was given back than taken.
pub fn fee_in_yuan(fee: i64) -> String {
    let (sign, fee) = (if fee < 0 { "-" } else { "" }, fee.unsigned_abs());
    format!("{sign}{}.{:05}", fee / 100_000, fee % 100_000)
}

/// A day's bill of one account, as our books stand to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bill {
    /// The row's number in the `bill` table.
    pub id: i64,
    /// Whose.
    pub account: AccountId,
    /// Of which day.
    pub day: Day,
    /// How the books stand to it.
    pub state: BillState,
    /// What its lines come to.
    pub sums: BillSums,
    /// How many differences were found, whatever became of them.
    pub differences: i64,
    /// How many of them nobody has explained.
    pub open: i64,
    /// Why it is missing, or what else there is to say, in words that may be shown.
    pub detail: Option<String>,
    /// When the books were last held against it, or it was last asked for.
    pub at: Option<Timestamp>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fee_has_five_decimals() {
        let fees = [0, 1, 48_000, -24_000, 600_000, i64::MIN];
        assert_eq!(fees.map(fee_in_yuan), ["0.00000", "0.00001", "0.48000", "-0.24000", "6.00000", "-92233720368547.75808"]);
    }
}
