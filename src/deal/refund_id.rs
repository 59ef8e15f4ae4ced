//! Numbers of refunds.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use super::{OrderId, Timestamp};

/// A refund's number: `out_refund_no` on the wire, `refund_id` for callers. (WeChat's own number has the same name on the wire and is
/// called `wechat_refund_id` here.)
///
/// 1 to 64 characters of `[0-9A-Za-z_\-|*@]`; one of ours has the form of an [`OrderId`]. Clones share it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RefundId(Arc<str>);

/// The text is not 1 to 64 characters of `[0-9A-Za-z_\-|*@]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a refund_id has 1 to 64 characters of 0-9 A-Z a-z _ - | * @")]
pub struct InvalidRefundId;

impl RefundId {
    /// A new number, drawn as that of a deal is. It is drawn once for a refund, whatever becomes of it.
    pub fn draw(now: Timestamp, entropy: u128) -> Self {
        Self(OrderId::draw(now, entropy).as_str().into())
    }

    /// The number as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for RefundId {
    type Err = InvalidRefundId;

    fn from_str(text: &str) -> Result<Self, InvalidRefundId> {
        let lawful = |b: u8| b.is_ascii_alphanumeric() || b"_-|*@".contains(&b);
        if (1..=64).contains(&text.len()) && text.bytes().all(lawful) { Ok(Self(text.into())) } else { Err(InvalidRefundId) }
    }
}

impl fmt::Display for RefundId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_that_are_no_number_are_refused() {
        for text in ["", " ", "a b", "退款", "a\n", "a.b", &"1".repeat(65)] {
            assert_eq!(text.parse::<RefundId>(), Err(InvalidRefundId), "{text:?}");
        }
        for text in ["1", "R20150806125346_1", "a_B-c|d*e@f", &"1".repeat(64)] {
            assert!(text.parse::<RefundId>().is_ok(), "{text:?}");
        }
    }

    #[test]
    fn ours_has_the_form_of_an_order_s() {
        let drawn = RefundId::draw("2026-04-01T04:00:00Z".parse().unwrap(), 7);
        assert_eq!(drawn.as_str(), "20260401120000000000000000000007");
        assert!(drawn.as_str().parse::<OrderId>().is_ok());
    }
}
