//! WeChat's name for a payer.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// A payer of one appid's: 1 to 128 of `[0-9A-Za-z_-]`. It goes to WeChat and into the stored request, and is never shown. Clones share
/// the text.
#[derive(Clone, PartialEq, Eq)]
pub struct Openid(Arc<str>);

/// The text is no [`Openid`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("1 to 128 of 0-9 A-Z a-z _ - are expected")]
pub struct InvalidOpenid;

impl Openid {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Openid {
    type Err = InvalidOpenid;

    fn from_str(text: &str) -> Result<Self, InvalidOpenid> {
        let is_one = (1..=128).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-".contains(&b));
        if is_one { Ok(Self(text.into())) } else { Err(InvalidOpenid) }
    }
}

/// Never shows whose it is.
impl fmt::Debug for Openid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Openid")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_openid_is_read_by_its_rule_and_never_shown() {
        for text in ["o", "oUpF8uMEb4qRXf22hE3X68TekukE", "a_B-9", &"x".repeat(128)] {
            let openid = text.parse::<Openid>().unwrap();
            assert_eq!((openid.as_str(), format!("{openid:?}").as_str()), (text, "Openid"));
        }
        for text in ["", " ", "a b", "a.b", "付", "a\n", &"x".repeat(129)] {
            assert_eq!(text.parse::<Openid>(), Err(InvalidOpenid), "{text:?}");
        }
    }
}
