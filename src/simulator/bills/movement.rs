//! Movements of a merchant's money, as the fund flow books them.

use crate::deal::{Timestamp, yuan};

use super::super::World;
use super::super::merchants::Requester;
use super::super::orders::SimOrder;
use super::super::refunds::{RefundSource, RefundState, SimRefund};
use super::line::fee_of;

/// One movement. Amounts are fen.
#[derive(Debug, Clone)]
pub struct Movement {
    pub at: Timestamp,
    /// WeChat's number of the payment or the refund.
    pub business_id: String,
    pub kind: MovementKind,
    pub amount: i64,
    /// What the account has after it.
    pub balance: i64,
    /// Who has asked for it.
    pub by: String,
    pub remark: String,
    /// The merchant's number of it.
    pub voucher: String,
}

/// What a movement is for. Within a moment, they come in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum MovementKind {
    Payment,
    Fee,
    Refund,
    /// WeChat gave a refund up.
    RefundClosed,
    /// The payer's bank refused one.
    RefundReturned,
}

impl MovementKind {
    /// 业务名称 and 业务类型.
    pub fn names(self) -> (&'static str, &'static str) {
        match self {
            Self::Payment => ("交易", "交易"),
            Self::Fee => ("交易", "扣除交易手续费"),
            Self::Refund => ("退款", "退款"),
            Self::RefundClosed => ("退款", "退款关闭"),
            Self::RefundReturned => ("退款", "其他"),
        }
    }

    pub fn is_income(self) -> bool {
        matches!(self, Self::Payment | Self::RefundClosed | Self::RefundReturned)
    }
}

impl World {
    /// All movements before `until`, oldest first. The account had nothing before them.
    pub(super) fn movements(&self, requester: &Requester, until: Timestamp) -> Vec<Movement> {
        let payments = self.payments(requester).flat_map(|(order, at)| of_payment(order, at));
        let refunds = self.given_back(requester).flat_map(|(refund, _)| of_refund(refund));
        let mut all: Vec<_> = payments.chain(refunds).filter(|movement| movement.at < until && movement.amount > 0).collect();
        // The books give the newest first.
        all.reverse();
        all.sort_by_key(|movement| (movement.at, movement.kind));
        let mut balance = 0;
        for movement in &mut all {
            balance += if movement.kind.is_income() { movement.amount } else { -movement.amount };
            movement.balance = balance;
        }
        all
    }
}

/// The money comes in whole, and the fee goes out at once.
fn of_payment(order: &SimOrder, at: Timestamp) -> [Movement; 2] {
    let total = order.total_fee.get();
    [(MovementKind::Payment, total), (MovementKind::Fee, fee_of(total))].map(|(kind, amount)| Movement {
        at,
        business_id: order.transaction_id.clone().unwrap_or_default(),
        kind,
        amount,
        balance: 0,
        by: "system".to_owned(),
        remark: String::new(),
        voucher: order.out_trade_no.clone(),
    })
}

/// Its money goes out when it is accepted, less the fee that comes back; and in again, where it fails.
fn of_refund(refund: &SimRefund) -> impl Iterator<Item = Movement> {
    let fee = fee_of(refund.refund_fee.get());
    let by = match refund.source {
        RefundSource::Api => format!("{}API", refund.order.mch_id),
        RefundSource::VendorPlatform => format!("1@{}", refund.order.mch_id),
    };
    let gone = Movement {
        at: refund.accepted_at,
        business_id: refund.refund_id.clone(),
        kind: MovementKind::Refund,
        amount: refund.refund_fee.get() - fee,
        balance: 0,
        by,
        remark: format!("退款总金额{}元;含手续费{}元", yuan(refund.refund_fee.get()), yuan(fee)),
        voucher: refund.out_refund_no.clone(),
    };
    let failed = match refund.state {
        RefundState::RefundClose => Some(MovementKind::RefundClosed),
        RefundState::Change => Some(MovementKind::RefundReturned),
        RefundState::Processing | RefundState::Success => None,
    };
    let back = failed.zip(refund.decided_at).map(|(kind, at)| Movement { at, kind, by: "system".to_owned(), ..gone.clone() });
    [Some(gone), back].into_iter().flatten()
}
