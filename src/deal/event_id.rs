//! Numbers of events of the outbox.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// An event's number: `evt_` and 26 of the letters a to z and digits, the same for every endpoint, in every try and in the feed.
/// Clones share it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EventId(Arc<str>);

const PREFIX: &str = "evt_";
const LENGTH: usize = 26;

/// The text is no number of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an event's id is evt_ and 26 letters and digits")]
pub struct InvalidEventId;

impl EventId {
    /// A new number, of 128 random bits.
    pub fn draw(entropy: u128) -> Self {
        const DIGITS: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
        let mut text = String::with_capacity(PREFIX.len() + LENGTH);
        text.push_str(PREFIX);
        // 26 times five bits are 130.
        for place in (0..LENGTH).rev() {
            let digit = (entropy.unbounded_shr(u32::try_from(5 * place).unwrap_or(u32::MAX)) & 31) as usize;
            text.push(char::from(DIGITS[digit]));
        }
        Self(text.into())
    }

    /// The number as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for EventId {
    type Err = InvalidEventId;

    fn from_str(text: &str) -> Result<Self, InvalidEventId> {
        let is_digit = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
        let is_one = text.strip_prefix(PREFIX).is_some_and(|digits| digits.len() == LENGTH && digits.bytes().all(is_digit));
        if is_one { Ok(Self(text.into())) } else { Err(InvalidEventId) }
    }
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_bit_counts() {
        let drawn: std::collections::BTreeSet<_> = (0..128).map(|bit| EventId::draw(1 << bit)).chain([EventId::draw(0)]).collect();
        assert_eq!(drawn.len(), 129);
        assert!(drawn.iter().all(|id| id.as_str().parse().as_ref() == Ok(id)));
    }

    #[test]
    fn texts_that_are_no_number_are_refused() {
        for text in
            ["", "evt_", "evt_a", "msg_aaaaaaaaaaaaaaaaaaaaaaaaaa", "evt_Aaaaaaaaaaaaaaaaaaaaaaaaaa", "evt_aaaaaaaaaaaaaaaaaaaaaaaaaaa"]
        {
            assert_eq!(text.parse::<EventId>(), Err(InvalidEventId), "{text:?}");
        }
    }
}
