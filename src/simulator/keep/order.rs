//! An order as the file holds it.

use chrono::DateTime;
use serde::{Deserialize, Serialize};

use crate::channel::TradeState;
use crate::channel::wechat::v2::SignType;
use crate::deal::{Fen, Timestamp, TradeType};

use super::super::World;
use super::super::orders::{Attempt, H5Page, OrderKey, SimOrder};
use super::super::payers::Payer;

/// An order. Times are milliseconds since 1970, amounts fen.
#[derive(PartialEq, Serialize, Deserialize)]
pub struct KeptOrder {
    key: OrderKey,
    total_fee: i64,
    body: String,
    notify_url: String,
    #[serde(default)]
    trade_type: TradeType,
    #[serde(default)]
    prepay_id: String,
    code_url: Option<String>,
    h5_page: Option<KeptPage>,
    payer: Option<Payer>,
    trade_state: String,
    transaction_id: Option<String>,
    paid_at: Option<i64>,
    created_at: i64,
    attempts: Vec<Attempt>,
    coupon: Option<i64>,
    parameters: Vec<(String, String)>,
    nonce: String,
    expires_at: Option<i64>,
    sign_type: String,
    /// Whether it was opened with the sandbox's key.
    sandbox: bool,
}

/// Where a phone's browser meets WeChat.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct KeptPage {
    url: String,
    package: String,
    made_at: i64,
}

impl KeptPage {
    fn of(page: &H5Page) -> Self {
        Self { url: page.url.clone(), package: page.package.clone(), made_at: page.made_at.timestamp_millis() }
    }

    fn into_page(self) -> Option<H5Page> {
        Some(H5Page { url: self.url, package: self.package, made_at: DateTime::from_timestamp_millis(self.made_at)? })
    }
}

impl KeptOrder {
    /// An order of this world.
    pub fn of(order: &SimOrder, world: &World) -> Self {
        let merchant = world.merchant(&order.mch_id);
        Self {
            key: order.key(),
            total_fee: order.total_fee.get(),
            body: order.body.clone(),
            notify_url: order.notify_url.clone(),
            trade_type: order.trade_type,
            prepay_id: order.prepay_id.clone(),
            code_url: order.code_url.clone(),
            h5_page: order.h5_page.as_ref().map(KeptPage::of),
            payer: order.payer,
            trade_state: order.trade_state.as_str().to_owned(),
            transaction_id: order.transaction_id.clone(),
            paid_at: order.paid_at.as_ref().map(Timestamp::timestamp_millis),
            created_at: order.created_at.timestamp_millis(),
            attempts: order.attempts.clone(),
            coupon: order.coupon.map(Fen::get),
            parameters: order.parameters.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
            nonce: order.nonce.clone(),
            expires_at: order.expires_at.as_ref().map(Timestamp::timestamp_millis),
            sign_type: order.signer.sign_type().as_str().to_owned(),
            sandbox: merchant.is_some_and(|merchant| merchant.signer(true).shares_key_with(&order.signer)),
        }
    }

    /// The order in this world; none where its merchant is not known there, or the file was written by another hand.
    pub fn into_order(self, world: &World) -> Option<SimOrder> {
        let sign_type = SignType::ALL.into_iter().find(|sign_type| sign_type.as_str() == self.sign_type)?;
        Some(SimOrder {
            signer: world.merchant(&self.key.mch_id)?.signer(self.sandbox).with(sign_type),
            total_fee: Fen::new(self.total_fee)?,
            body: self.body,
            notify_url: self.notify_url,
            trade_type: self.trade_type,
            prepay_id: self.prepay_id,
            code_url: self.code_url,
            h5_page: self.h5_page.and_then(KeptPage::into_page),
            payer: self.payer,
            trade_state: TradeState::from_word(&self.trade_state)?,
            transaction_id: self.transaction_id,
            paid_at: self.paid_at.and_then(DateTime::from_timestamp_millis),
            created_at: DateTime::from_timestamp_millis(self.created_at)?,
            attempts: self.attempts,
            coupon: self.coupon.and_then(Fen::new),
            parameters: self.parameters.into_iter().collect(),
            nonce: self.nonce,
            expires_at: self.expires_at.and_then(DateTime::from_timestamp_millis),
            mch_id: self.key.mch_id,
            sub_mch_id: self.key.sub_mch_id,
            out_trade_no: self.key.out_trade_no,
        })
    }
}
