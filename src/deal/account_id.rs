//! Which account a deal goes through: the name of one WeChat merchant number with its appid and keys.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// An account's name. The section `[wechat]` of the configuration is the account `default`; in the column `deal.account` that
/// one is NULL, as in all rows that the original wrote. Clones share the text.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AccountId(Arc<str>);

/// The text is not of the form `^[a-z][a-z0-9_-]{0,31}$`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an account's name has 1 to 32 characters of a-z 0-9 _ - and begins with a letter")]
pub struct InvalidAccountId;

const DEFAULT: &str = "default";

impl AccountId {
    /// Whether a text has the form of an account's name, which keys that have a section of their own share.
    pub fn is_name(text: &str) -> bool {
        let lawful = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"_-".contains(&b);
        text.len() <= 32 && text.starts_with(|c: char| c.is_ascii_lowercase()) && text.bytes().all(lawful)
    }

    /// The account that a column names. What no configuration could name is an account that no configuration has.
    pub fn from_column(account: Option<String>) -> Self {
        account.map_or_else(Self::default, |name| Self(name.into()))
    }

    /// The value of the column.
    pub fn column(&self) -> Option<&str> {
        (!self.is_default()).then_some(&self.0)
    }

    /// Whether it is that of `[wechat]`.
    pub fn is_default(&self) -> bool {
        &*self.0 == DEFAULT
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for AccountId {
    fn default() -> Self {
        Self(DEFAULT.into())
    }
}

impl FromStr for AccountId {
    type Err = InvalidAccountId;

    fn from_str(text: &str) -> Result<Self, InvalidAccountId> {
        if Self::is_name(text) { Ok(Self(text.into())) } else { Err(InvalidAccountId) }
    }
}

impl fmt::Display for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_one_form() {
        let longest = format!("a{}", "9".repeat(31));
        for name in ["a", "shop2", "shop-2_b", &longest] {
            assert_eq!(name.parse::<AccountId>().unwrap().as_str(), name);
        }
        for text in ["", "2shop", "-a", "Shop", "shop 2", "a.b", "é", &format!("{longest}9")] {
            assert_eq!(text.parse::<AccountId>(), Err(InvalidAccountId), "{text:?}");
        }
    }

    #[test]
    fn the_default_account_is_null_in_the_table() {
        assert_eq!(AccountId::from_column(None), AccountId::default());
        assert_eq!(AccountId::default().column(), None);
        assert_eq!(AccountId::from_column(Some("default".to_owned())), AccountId::default());
        assert_eq!(AccountId::from_column(Some("shop2".to_owned())).column(), Some("shop2"));
    }
}
