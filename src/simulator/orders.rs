//! An order as WeChat knows it.

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use crate::channel::TradeState;
use crate::channel::wechat::v2::{Fields, Signer};
use crate::deal::{BeijingTime, Fen, Timestamp};

use super::payers::Payer;
use crate::deal::TradeType;

/// A `prepay_id` lives for two hours, and so does a Native link, whatever the order says.
const PREPAY_LIFE: TimeDelta = TimeDelta::hours(2);
/// An H5 page must be opened sooner.
const PAGE_LIFE: TimeDelta = TimeDelta::minutes(5);

/// Which order: each merchant numbers its own, and so does each sub-merchant. (Of sub-merchants this is not confirmed.)
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct OrderKey {
    /// Whose order it is.
    pub mch_id: String,
    /// For which sub-merchant of a service provider.
    pub sub_mch_id: Option<String>,
    /// The merchant's number.
    pub out_trade_no: String,
}

impl OrderKey {
    /// Whether this order may be meant by a number, and by whose it is as far as that is said.
    pub(super) fn is_meant(&self, out_trade_no: &str, mch_id: Option<&str>, sub_mch_id: Option<&str>) -> bool {
        self.out_trade_no == out_trade_no
            && mch_id.is_none_or(|mch_id| self.mch_id == mch_id)
            && sub_mch_id.is_none_or(|sub_mch_id| self.sub_mch_id.as_deref() == Some(sub_mch_id))
    }
}

/// One order.
#[derive(Debug, Clone)]
pub struct SimOrder {
    /// Whose order it is.
    pub mch_id: String,
    /// For which sub-merchant of a service provider.
    pub sub_mch_id: Option<String>,
    /// The merchant's number.
    pub out_trade_no: String,
    /// The price.
    pub total_fee: Fen,
    /// What the payer reads.
    pub body: String,
    /// Where the result goes.
    pub notify_url: String,
    /// How it is paid.
    pub trade_type: TradeType,
    /// What a payer's WeChat knows it by, for two hours.
    pub prepay_id: String,
    /// Of a Native order the present link; a former one is dead.
    pub code_url: Option<String>,
    /// Of an H5 order the present page at WeChat; a former one is dead.
    pub h5_page: Option<H5Page>,
    /// The payer who took the present link up first. Of a JSAPI order it is said by its openid instead.
    pub payer: Option<Payer>,
    /// WeChat's verdict.
    pub trade_state: TradeState,
    /// The payment's number, once paid.
    pub transaction_id: Option<String>,
    /// When it was paid.
    pub paid_at: Option<Timestamp>,
    /// When it was opened.
    pub created_at: Timestamp,
    /// The notifications so far.
    pub attempts: Vec<Attempt>,
    /// Of the price, what a coupon paid.
    pub(super) coupon: Option<Fen>,
    /// The parameters that a repeat must not change.
    pub(super) parameters: Fields,
    /// The nonce of the order; notifications echo it.
    pub(super) nonce: String,
    /// `time_expire`.
    pub(super) expires_at: Option<Timestamp>,
    /// Key and algorithm of the order: notifications are signed like it.
    pub(super) signer: Signer,
}

impl SimOrder {
    /// Which order it is.
    pub fn key(&self) -> OrderKey {
        OrderKey { mch_id: self.mch_id.clone(), sub_mch_id: self.sub_mch_id.clone(), out_trade_no: self.out_trade_no.clone() }
    }

    /// A parameter as the merchant sent it, such as `spbill_create_ip`.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.get(name)
    }

    /// Of the price, what the payer paid, in fen.
    pub(super) fn cash_fee(&self) -> i64 {
        self.total_fee.get() - self.coupon.map_or(0, Fen::get)
    }

    /// Of a refund, what goes back to the payer, in fen; the rest goes back to the coupon.
    pub(super) fn cash_part(&self, refund_fee: Fen) -> i64 {
        refund_fee.get() * self.cash_fee() / self.total_fee.get()
    }

    /// Whether its `prepay_id` lives.
    pub(super) fn is_alive(&self, now: Timestamp) -> bool {
        now < self.created_at + PREPAY_LIFE
    }

    /// Whether a payer is still in time. One who opened an H5 page while it was young may pay later.
    pub(super) fn can_be_paid(&self, now: Timestamp) -> bool {
        let is_open = self.payer.is_some() || self.h5_page.as_ref().is_none_or(|page| page.can_be_opened(now));
        self.is_alive(now) && is_open && self.expires_at.is_none_or(|time| now < time)
    }

    /// The openids that it was ordered for, each with its appid.
    fn ordered_for(&self) -> impl Iterator<Item = (&str, &str)> {
        let named = [("sub_openid", "sub_appid"), ("openid", "appid")].into_iter().filter(|_| self.trade_type == TradeType::Jsapi);
        named.filter_map(|(openid, appid)| Some((self.parameter(openid)?, self.parameter(appid)?)))
    }

    /// The appid whose payers it is for: where an openid of the sub-merchant's appid is named, that one.
    pub(super) fn payers_appid(&self) -> &str {
        self.ordered_for().next().map(|(_, appid)| appid).or(self.parameter("appid")).unwrap_or_default()
    }

    /// Whether a payer may pay it: of a JSAPI order the one whose openid it names.
    pub(super) fn is_for(&self, payer: Payer) -> bool {
        self.ordered_for().all(|(openid, appid)| payer.openid(appid) == openid)
    }

    /// The payer's openid in an appid of it.
    fn openid_in(&self, appid: &str, openid: &str) -> String {
        let ordered_for = self.parameter(openid).filter(|_| self.trade_type == TradeType::Jsapi);
        ordered_for.map_or_else(|| self.payer.unwrap_or_default().openid(self.parameter(appid).unwrap_or_default()), str::to_owned)
    }

    /// What WeChat tells of a payment, in answers and notifications alike.
    pub(super) fn payment(&self) -> Fields {
        let coupon = self.coupon.map_or(0, Fen::get);
        let mut fields = Fields::new()
            .with("openid", self.openid_in("appid", "openid"))
            .with("is_subscribe", "N")
            .with("trade_type", self.trade_type.as_str())
            .with("bank_type", "OTHERS")
            .with("total_fee", self.total_fee.get().to_string())
            .with("fee_type", "CNY")
            .with("cash_fee", self.cash_fee().to_string())
            .with("transaction_id", self.transaction_id.clone().unwrap_or_default())
            .with("time_end", self.paid_at.map(|time| BeijingTime::from(time).compact()).unwrap_or_default());
        if self.parameter("sub_appid").is_some() {
            fields.push("sub_openid", self.openid_in("sub_appid", "sub_openid"));
            fields.push("sub_is_subscribe", "N");
        }
        if coupon > 0 {
            fields.push("coupon_fee", coupon.to_string());
            fields.push("coupon_count", "1");
            fields.push("coupon_id_0", "10000");
            fields.push("coupon_fee_0", coupon.to_string());
        }
        fields
    }
}

/// Where a phone's browser meets WeChat.
#[derive(Debug, Clone)]
pub struct H5Page {
    /// Its address (`mweb_url`).
    pub url: String,
    /// The word in the address that makes it this one (`package`).
    pub package: String,
    /// When it was made.
    pub made_at: Timestamp,
}

impl H5Page {
    /// Whether it is young enough.
    pub(super) fn can_be_opened(&self, now: Timestamp) -> bool {
        now < self.made_at + PAGE_LIFE
    }
}

/// One notification that was sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// When (RFC 3339).
    pub at: String,
    /// The HTTP status of the answer; none when there was no answer.
    pub status: Option<u16>,
    /// Whether it was the one answer that stops the repeats.
    pub acknowledged: bool,
}

/// An order as `GET /_sim/orders` shows it.
#[derive(Debug, Serialize)]
pub(super) struct OrderJson<'a> {
    mch_id: &'a str,
    sub_mch_id: Option<&'a str>,
    /// The merchant's name.
    payee: Option<&'a str>,
    out_trade_no: &'a str,
    total_fee: i64,
    trade_state: &'static str,
    transaction_id: Option<&'a str>,
    notify_url: &'a str,
    trade_type: TradeType,
    prepay_id: &'a str,
    code_url: Option<&'a str>,
    mweb_url: Option<&'a str>,
    body: &'a str,
    created_at: String,
    paid_at: Option<String>,
    attempts: &'a [Attempt],
    next_attempt_at: Option<String>,
}

impl<'a> OrderJson<'a> {
    /// The order, its merchant's name, and when its next notification goes out.
    pub fn new(order: &'a SimOrder, payee: Option<&'a str>, next_attempt: Option<&Timestamp>) -> Self {
        let show = |time: Timestamp| BeijingTime::from(time).to_string();
        Self {
            mch_id: &order.mch_id,
            sub_mch_id: order.sub_mch_id.as_deref(),
            payee,
            out_trade_no: &order.out_trade_no,
            total_fee: order.total_fee.get(),
            trade_state: order.trade_state.as_str(),
            transaction_id: order.transaction_id.as_deref(),
            notify_url: &order.notify_url,
            trade_type: order.trade_type,
            prepay_id: &order.prepay_id,
            code_url: order.code_url.as_deref(),
            mweb_url: order.h5_page.as_ref().map(|page| page.url.as_str()),
            body: &order.body,
            created_at: show(order.created_at),
            paid_at: order.paid_at.map(show),
            attempts: &order.attempts,
            next_attempt_at: next_attempt.copied().map(show),
        }
    }
}
