//! Rows of a trade bill.

use crate::deal::{Fen, RefundState, Timestamp};

/// A row of a trade bill. A payment that was given back on its own day has two.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Row {
    /// Money from a payer (交易状态 `SUCCESS`).
    Payment(PaymentRow),
    /// Money to a payer (`REFUND`), or a payment by payment code that was taken back (`REVOKED`).
    Refund(RefundRow),
}

/// A payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaymentRow {
    /// When it was paid.
    pub paid_at: Timestamp,
    /// The appid that opened the order. One bill holds all appids of a merchant number.
    pub appid: String,
    /// The merchant's number.
    pub mch_id: String,
    /// The sub-merchant's number, if a service provider opened the order.
    pub sub_mch_id: Option<String>,
    /// WeChat's number of the payment.
    pub transaction_id: String,
    /// The merchant's number of the order (`out_trade_no`): any merchant program's, so it need not have the form of ours.
    pub order_id: String,
    /// Whether its currency is CNY; all amounts are in the currency.
    pub is_cny: bool,
    /// The amount of the order, in fen.
    pub total_fee: Fen,
    /// What is settled of it with the merchant, in fen, 0 and more: the amount without coupons that are at the merchant's charge.
    pub settlement_fee: i64,
    /// All coupons used, in fen, 0 and more.
    pub coupon_fee: i64,
    /// WeChat's fee, in 1/100000 yuan.
    pub fee: i64,
}

/// A refund, as it stood when WeChat accepted it: the row of a bill is never changed afterwards, whatever becomes of the refund.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefundRow {
    /// 交易时间: when WeChat accepted it, in bills of some types when the order was paid.
    pub booked_at: Timestamp,
    /// When it was asked for. Only bills of the type `REFUND` tell.
    pub requested_at: Option<Timestamp>,
    /// When the payer had it. Only bills of the type `REFUND` tell.
    pub refunded_at: Option<Timestamp>,
    /// The appid that opened the order.
    pub appid: String,
    /// The merchant's number.
    pub mch_id: String,
    /// The sub-merchant's number, if a service provider opened the order.
    pub sub_mch_id: Option<String>,
    /// WeChat's number of the payment, which may be of an earlier day.
    pub transaction_id: String,
    /// The merchant's number of the order (`out_trade_no`).
    pub order_id: String,
    /// The merchant's number of the refund (`out_refund_no`): any merchant program's. A payment that was taken back may have none.
    pub refund_id: Option<String>,
    /// WeChat's number of the refund. A payment that was taken back may have none.
    pub wechat_refund_id: Option<String>,
    /// Whether it is a payment that was taken back (`REVOKED`) rather than a refund that was asked for.
    pub is_reversal: bool,
    /// Whether its currency is CNY; all amounts are in the currency.
    pub is_cny: bool,
    /// The amount that was asked for, in fen. Bills of earlier generations tell the settled amount only, which it then is.
    pub refund_fee: Fen,
    /// What is settled of it with the merchant, in fen, 0 and more.
    pub settlement_refund_fee: i64,
    /// What went back to top-up coupons, in fen, 0 and more.
    pub coupon_refund_fee: i64,
    /// WeChat's fee that is given back, in 1/100000 yuan: 0 or below.
    pub fee: i64,
    /// How it stood. `None`: in a word that is new to this version, or none.
    pub state: Option<RefundState>,
}
