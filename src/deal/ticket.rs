//! What WeChat gives for an order, for a payer to pay it with.

use super::{Timestamp, TradeType};
use chrono::TimeDelta;

/// For so long WeChat's link for a phone's browser is shown; by its word it lives five minutes.
const H5_LIFE: TimeDelta = TimeDelta::minutes(4);

/// What an order is paid with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ticket {
    /// A link to draw as a QR code (`code_url`), good for two hours.
    Qr(String),
    /// A link to lead a phone's browser to (`mweb_url`), good for five minutes; empty once it has lapsed and is asked for anew.
    H5(String),
    /// A number that the payer's own WeChat or app is to be called with (`prepay_id`), good for two hours.
    Prepay(String),
}

impl Ticket {
    /// The columns `code_url`, `mweb_url` and `prepay_id`, of which one is filled.
    pub fn columns(&self) -> [Option<&str>; 3] {
        match self {
            Self::Qr(code_url) => [Some(code_url), None, None],
            Self::H5(mweb_url) => [None, Some(mweb_url), None],
            Self::Prepay(prepay_id) => [None, None, Some(prepay_id)],
        }
    }

    /// What the columns say of an order that is paid so.
    pub fn from_columns(trade_type: TradeType, [code_url, mweb_url, prepay_id]: [Option<String>; 3]) -> Option<Self> {
        match trade_type {
            TradeType::Native => code_url.map(Self::Qr),
            TradeType::Mweb => mweb_url.map(Self::H5),
            TradeType::Jsapi | TradeType::App => prepay_id.map(Self::Prepay),
        }
    }

    /// Until when it is good that was given then; `None`: as long as a deal can be.
    pub fn good_until(&self, given_at: Timestamp) -> Option<Timestamp> {
        match self {
            Self::H5(link) if link.is_empty() => Some(Timestamp::MIN_UTC),
            Self::H5(_) => Some(given_at + H5_LIFE),
            Self::Qr(_) | Self::Prepay(_) => None,
        }
    }

    /// A link for a phone's browser that was given then or before is not good any more.
    pub fn h5_lapsed_before(now: Timestamp) -> Timestamp {
        now - H5_LIFE
    }
}
