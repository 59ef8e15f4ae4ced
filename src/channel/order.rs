//! Order parameters: what a channel must know to open an order, and to give a payment back.

use std::net::IpAddr;

use crate::deal::{Fen, OrderId, RefundId, RefundReason, Timestamp};

/// What is to be paid.
#[derive(Debug, Clone)]
pub struct Order<'a> {
    /// Our number.
    pub order_id: &'a OrderId,
    /// The price.
    pub total_fee: Fen,
    /// What the payer reads; cut to what the channel allows (WeChat: 127 bytes).
    pub body: &'a str,
    /// The product's number, required for QR codes.
    pub product_id: i64,
    /// The payer's address.
    pub payer: IpAddr,
    /// When the link shall stop working, at least five minutes ahead; `None`: by the channel's own time (WeChat: two hours).
    pub time_expire: Option<Timestamp>,
}

/// What is to be given back.
#[derive(Debug, Clone)]
pub struct RefundOrder<'a> {
    /// Our number for the refund.
    pub refund_id: &'a RefundId,
    /// Of which order.
    pub order_id: &'a OrderId,
    /// Of which payment; `None`: of the order's.
    pub transaction_id: Option<&'a str>,
    /// What was paid.
    pub total_fee: Fen,
    /// What goes back.
    pub fee: Fen,
    /// What the payer reads.
    pub reason: Option<&'a RefundReason>,
}
