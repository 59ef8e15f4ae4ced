//! A deal, as it is told.

use serde::Serialize;
use utoipa::ToSchema;

use crate::deal::{BeijingTime, Deal, DealStatus, Fen, Timestamp};

/// A deal, as lists and events tell it.
#[derive(Debug, Serialize, ToSchema)]
pub struct ToldDeal {
    /// Our number for it, which WeChat knows as `out_trade_no`.
    order_id: String,
    /// The seller.
    merchant_id: i64,
    product_id: i64,
    /// What is charged, in yuan. (A row of another program's may have no whole amount of fen.)
    price: Option<String>,
    /// The same in fen.
    total_fee: Option<i64>,
    status: &'static str,
    /// WeChat's number of the payment, once it is paid.
    transaction_id: Option<String>,
    #[schema(format = DateTime)]
    paid_at: Option<String>,
    #[schema(format = DateTime)]
    created_at: String,
    #[schema(format = DateTime)]
    expires_at: Option<String>,
    /// Through which account it goes.
    account: String,
    trade_type: &'static str,
    description: Option<String>,
    /// The merchant's own number.
    reference: Option<String>,
    return_url: Option<String>,
    cancel_url: Option<String>,
    checkout_id: Option<String>,
    /// What has been given back of it, or is on its way, in yuan.
    refunded: String,
}

impl From<&Deal> for ToldDeal {
    fn from(deal: &Deal) -> Self {
        let time = |time: Timestamp| BeijingTime::from(time).to_string();
        Self {
            order_id: deal.order_id.to_string(),
            merchant_id: deal.merchant_id,
            product_id: deal.product_id,
            price: deal.charged.map(Fen::yuan),
            total_fee: deal.charged.map(Fen::get),
            status: status(deal.status),
            transaction_id: deal.transaction_id.clone(),
            paid_at: deal.paid_at.map(time),
            created_at: time(deal.created_at),
            expires_at: deal.expires_at.map(time),
            account: deal.account.to_string(),
            trade_type: deal.trade_type.as_str(),
            description: deal.details.description.as_ref().map(ToString::to_string),
            reference: deal.details.reference.as_ref().map(ToString::to_string),
            return_url: deal.details.return_url.as_ref().map(ToString::to_string),
            cancel_url: deal.details.cancel_url.as_ref().map(ToString::to_string),
            checkout_id: deal.checkout_id.as_ref().map(ToString::to_string),
            refunded: Fen::yuan_or_nothing(deal.refunded.fee),
        }
    }
}

/// The word for callers.
pub fn status(status: DealStatus) -> &'static str {
    match status {
        DealStatus::Unpaid => "UNPAID",
        DealStatus::Paid => "PAID",
        DealStatus::Expired => "EXPIRED",
    }
}

/// Reads the word.
pub fn status_of(word: &str) -> Option<DealStatus> {
    DealStatus::ALL.into_iter().find(|known| status(*known) == word)
}
