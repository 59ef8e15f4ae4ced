//! The number of a checkout.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use super::{BeijingTime, Timestamp};

/// A checkout's number: `C`, the Beijing-time stamp `yyyyMMddHHmmss` and 18 random digits, so that it is neither guessed nor taken for an
/// order's. Clones share it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CheckoutId(Arc<str>);

/// The text is no [`CheckoutId`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a checkout_id is C and 32 digits")]
pub struct InvalidCheckoutId;

impl CheckoutId {
    /// A new number, of 128 random bits.
    pub fn draw(now: Timestamp, entropy: u128) -> Self {
        Self(format!("C{}{:018}", BeijingTime::from(now).compact(), entropy % 1_000_000_000_000_000_000).into())
    }

    /// The number as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for CheckoutId {
    type Err = InvalidCheckoutId;

    fn from_str(text: &str) -> Result<Self, InvalidCheckoutId> {
        let digits = text.strip_prefix('C').unwrap_or_default();
        let is_one = digits.len() == 32 && digits.bytes().all(|b| b.is_ascii_digit());
        if is_one { Ok(Self(text.into())) } else { Err(InvalidCheckoutId) }
    }
}

impl fmt::Display for CheckoutId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deal::OrderId;

    #[test]
    fn a_number_is_no_order_s_and_reads_back() {
        let now = "2020-04-29T16:16:23Z".parse().unwrap();
        let id = CheckoutId::draw(now, 7);
        assert_eq!(id.as_str(), "C20200430001623000000000000000007");
        assert_eq!(id.as_str().parse(), Ok(id));
        assert_eq!(OrderId::draw(now, 7).as_str().parse::<CheckoutId>(), Err(InvalidCheckoutId));
        for text in
            ["", "C", "C1", "c20200430001623000000000000000007", "C2020043000162300000000000000000a", "C202004300016230000000000000000071"]
        {
            assert_eq!(text.parse::<CheckoutId>(), Err(InvalidCheckoutId), "{text:?}");
        }
    }
}
