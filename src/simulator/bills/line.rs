//! A line of a trade bill: a payment, or a refund as it stood when it was written down.

use chrono::TimeDelta;

use crate::deal::Timestamp;

use super::super::orders::SimOrder;
use super::super::refunds::{RefundState, SimRefund};

/// How long after its acceptance a refund is written down: most have arrived by then. The line is never changed.
const WRITTEN: TimeDelta = TimeDelta::seconds(10);

/// What stands in a row. Amounts are fen; those of an order are nought in a refund's row.
#[derive(Debug, Clone)]
pub struct Line {
    pub at: Timestamp,
    pub appid: String,
    pub mch_id: String,
    pub sub_mch_id: Option<String>,
    pub device: String,
    pub transaction_id: String,
    pub out_trade_no: String,
    pub openid: String,
    pub trade_type: String,
    pub bank: String,
    pub goods: String,
    pub attach: String,
    /// Of the order.
    pub total: i64,
    /// What is settled of it: all but coupons at the merchant's charge, which there are none of here.
    pub settled: i64,
    /// All coupons.
    pub coupon: i64,
    /// Below nought where it is given back.
    pub fee: i64,
    pub refund: Option<RefundPart>,
}

/// What stands in a refund's row alone.
#[derive(Debug, Clone)]
pub struct RefundPart {
    pub refund_id: String,
    pub out_refund_no: String,
    /// What was asked for.
    pub asked: i64,
    /// What is settled of it.
    pub settled: i64,
    /// What went back to coupons that the payer had topped up.
    pub to_coupons: i64,
    pub state: RefundState,
    /// When the payer had it, if it was there by then.
    pub arrived_at: Option<Timestamp>,
}

impl Line {
    /// The payment of an order that was paid then.
    pub fn of_payment(order: &SimOrder, at: Timestamp) -> Self {
        let told = order.payment();
        let tell = |name| told.get(name).unwrap_or_default().to_owned();
        let parameter = |name| order.parameter(name).unwrap_or_default().to_owned();
        Self {
            at,
            appid: parameter("appid"),
            mch_id: order.mch_id.clone(),
            sub_mch_id: order.sub_mch_id.clone(),
            device: parameter("device_info"),
            transaction_id: tell("transaction_id"),
            out_trade_no: order.out_trade_no.clone(),
            openid: tell("openid"),
            trade_type: tell("trade_type"),
            bank: tell("bank_type"),
            goods: order.body.clone(),
            attach: parameter("attach"),
            total: order.total_fee.get(),
            settled: order.total_fee.get(),
            coupon: order.total_fee.get() - order.cash_fee(),
            fee: fee_of(order.total_fee.get()),
            refund: None,
        }
    }

    /// A refund of an order.
    pub fn of_refund(refund: &SimRefund, order: &SimOrder) -> Self {
        let fee = refund.refund_fee.get();
        let is_there = |at: &Timestamp| refund.state == RefundState::Success && *at <= refund.accepted_at + WRITTEN;
        let arrived_at = refund.decided_at.filter(is_there);
        let part = RefundPart {
            refund_id: refund.refund_id.clone(),
            out_refund_no: refund.out_refund_no.clone(),
            asked: fee,
            settled: fee,
            to_coupons: fee - order.cash_part(refund.refund_fee),
            state: if arrived_at.is_some() { RefundState::Success } else { RefundState::Processing },
            arrived_at,
        };
        Self::of_payment(order, refund.accepted_at).given_back(part)
    }

    /// A refund in the place of this payment.
    pub fn given_back(self, part: RefundPart) -> Self {
        Self { total: 0, settled: 0, coupon: 0, fee: -fee_of(part.settled), refund: Some(part), ..self }
    }

    /// WeChat's own number of what it is about.
    pub fn number(&self) -> &str {
        self.refund.as_ref().map_or(&self.transaction_id, |refund| &refund.refund_id)
    }
}

/// WeChat's fee for so much: 0.60 %, rounded to the fen line by line.
pub fn fee_of(settled: i64) -> i64 {
    (settled * 6 + 500) / 1000
}
