//! Trade types (交易类型): the ways in which an order of unifiedorder may be paid.

use serde::{Deserialize, Serialize};

/// How an order is paid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum TradeType {
    /// By a QR code.
    Native,
    /// In an official account's page or a mini-program, by the payer whose openid the order names.
    Jsapi,
    /// From a phone's browser (H5).
    Mweb,
    /// From a merchant's own app.
    App,
}

impl TradeType {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Native, Self::Jsapi, Self::Mweb, Self::App];

    /// WeChat's word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Native => "NATIVE",
            Self::Jsapi => "JSAPI",
            Self::Mweb => "MWEB",
            Self::App => "APP",
        }
    }

    /// The one of this word.
    pub(super) fn named(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.as_str() == word)
    }
}
