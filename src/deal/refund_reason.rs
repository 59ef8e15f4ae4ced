//! Why money goes back, in the merchant's words.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// What a payer reads of a refund (`refund_desc`): 1 to 80 bytes of UTF-8 without control characters. Clones share the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefundReason(Arc<str>);

/// The text is no [`RefundReason`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("1 to 80 bytes of UTF-8 without control characters are expected")]
pub struct InvalidRefundReason;

impl RefundReason {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for RefundReason {
    type Err = InvalidRefundReason;

    fn from_str(text: &str) -> Result<Self, InvalidRefundReason> {
        let is_lawful = (1..=80).contains(&text.len()) && !text.chars().any(char::is_control);
        if is_lawful { Ok(Self(text.into())) } else { Err(InvalidRefundReason) }
    }
}

impl fmt::Display for RefundReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_counted_and_not_characters() {
        for text in ["商品已售完", "a", &"微".repeat(26), "😀", &"x".repeat(80)] {
            assert_eq!(text.parse::<RefundReason>().unwrap().as_str(), text);
        }
        for text in ["", &"微".repeat(27), &"x".repeat(81), "a\nb", "\u{0}"] {
            assert_eq!(text.parse::<RefundReason>(), Err(InvalidRefundReason), "{text:?}");
        }
    }
}
