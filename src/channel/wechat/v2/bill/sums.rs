//! What the rows of a trade bill come to.

use super::row::Row;

/// The sums over the rows of a trade bill, as the bill itself sums up: each amount over all rows, of whatever kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TradeSums {
    /// How many payments there are.
    pub payments: i64,
    /// How many refunds there are, those that took a payment back included.
    pub refunds: i64,
    /// Σ 订单金额, in fen.
    pub total_fee: i64,
    /// Σ 应结订单金额, in fen.
    pub settlement_fee: i64,
    /// Σ 申请退款金额, in fen.
    pub refund_fee: i64,
    /// Σ 退款金额, in fen.
    pub settlement_refund_fee: i64,
    /// Σ 充值券退款金额, in fen.
    pub coupon_refund_fee: i64,
    /// Σ 手续费, in 1/100000 yuan; below 0 where more was given back than taken.
    pub fee: i64,
}

/// The amounts of one row.
pub(super) struct Amounts {
    pub total: i64,
    pub settlement: i64,
    pub refund: i64,
    pub settlement_refund: i64,
    pub coupon_refund: i64,
    pub fee: i64,
}

impl TradeSums {
    /// Beyond what 64 bits hold a sum stays at their end, which no summary can state.
    pub(super) fn add(&mut self, row: &Row, amounts: &Amounts) {
        match row {
            Row::Payment(_) => self.payments += 1,
            Row::Refund(_) => self.refunds += 1,
        }
        for (sum, amount) in [
            (&mut self.total_fee, amounts.total),
            (&mut self.settlement_fee, amounts.settlement),
            (&mut self.refund_fee, amounts.refund),
            (&mut self.settlement_refund_fee, amounts.settlement_refund),
            (&mut self.coupon_refund_fee, amounts.coupon_refund),
            (&mut self.fee, amounts.fee),
        ] {
            *sum = sum.saturating_add(amount);
        }
    }
}
