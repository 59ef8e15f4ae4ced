//! The ways of WeChat's by which an order is paid.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// How the payer pays (`trade_type`). An order has one, for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum TradeType {
    /// By scanning a code.
    #[default]
    Native,
    /// Inside WeChat: on a page of an official account's, or in a mini-program.
    Jsapi,
    /// From a phone's browser, which hands over to WeChat (H5).
    Mweb,
    /// From a phone's app, which hands over to WeChat.
    App,
}

/// The word is no [`TradeType`]'s.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("NATIVE, JSAPI, MWEB or APP is expected")]
pub struct InvalidTradeType;

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

    /// What the column says; one that says nothing, or what no version of this service writes, is the original's.
    pub fn from_column(column: Option<&str>) -> Self {
        column.and_then(|word| word.parse().ok()).unwrap_or_default()
    }
}

impl FromStr for TradeType {
    type Err = InvalidTradeType;

    fn from_str(word: &str) -> Result<Self, InvalidTradeType> {
        Self::ALL.into_iter().find(|known| known.as_str() == word).ok_or(InvalidTradeType)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_read_as_they_are_written() {
        for known in TradeType::ALL {
            assert_eq!(known.as_str().parse(), Ok(known));
            assert_eq!(TradeType::from_column(Some(known.as_str())), known);
        }
        for word in ["", "native", "MICROPAY", "JSAPI "] {
            assert_eq!(word.parse::<TradeType>(), Err(InvalidTradeType));
        }
        assert_eq!(TradeType::from_column(None), TradeType::Native);
    }
}
