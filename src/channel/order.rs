//! Order parameters: what a channel must know to open an order, and to give a payment back.

use std::net::IpAddr;

use serde::{Serialize, Serializer};

use crate::deal::{Fen, Openid, OrderId, RefundId, RefundReason, Timestamp, TradeType};

/// What is to be paid.
#[derive(Debug, Clone)]
pub struct Order<'a> {
    /// Our number.
    pub order_id: &'a OrderId,
    /// The price.
    pub total_fee: Fen,
    /// What the payer reads; cut to what the channel allows (WeChat: 127 bytes).
    pub body: &'a str,
    /// How the payer pays.
    pub way: Way<'a>,
    /// The payer's address. An order that a phone's browser pays is paid from this one only.
    pub payer: IpAddr,
    /// When the link shall stop working, at least five minutes ahead; `None`: by the channel's own time (WeChat: two hours).
    pub time_expire: Option<Timestamp>,
}

/// How an order is paid, with what WeChat wants to know for it.
#[derive(Debug, Clone, Copy)]
pub enum Way<'a> {
    /// By scanning a code.
    Native {
        /// The product's number.
        product_id: i64,
    },
    /// Inside WeChat.
    Jsapi {
        /// By whom: a payer of the account's own appid, or of its `sub_appid` where it has one.
        openid: &'a Openid,
    },
    /// From a phone's browser.
    Mweb {
        /// The shop's address, whose host is registered at WeChat for this.
        site_url: &'a str,
        /// The shop's name.
        site_name: &'a str,
    },
    /// From a phone's app.
    App,
}

impl Way<'_> {
    /// WeChat's word for it.
    pub fn trade_type(&self) -> TradeType {
        match self {
            Self::Native { .. } => TradeType::Native,
            Self::Jsapi { .. } => TradeType::Jsapi,
            Self::Mweb { .. } => TradeType::Mweb,
            Self::App => TradeType::App,
        }
    }
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

/// What the payer's own WeChat, or an app, is called with to have an order paid: names and values as WeChat wants them, all texts, the
/// signature among them. They are for the payer's device alone.
#[derive(Clone, PartialEq, Eq)]
pub struct PayParams(Vec<(String, String)>);

impl FromIterator<(String, String)> for PayParams {
    fn from_iter<T: IntoIterator<Item = (String, String)>>(params: T) -> Self {
        Self(params.into_iter().collect())
    }
}

impl Serialize for PayParams {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}

/// Shows names only.
impl std::fmt::Debug for PayParams {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.0.iter().map(|(name, _)| name)).finish()
    }
}
