//! What a person says about what was found.

use std::str::FromStr;

/// Characters of the longest one: what the columns hold.
const LONGEST: usize = 500;

/// Why a difference is none that matters, or what was done about an alarm: 1 to 500 characters without control characters, and no white
/// space around them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note(String);

/// The text is no [`Note`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("1 to {LONGEST} characters without control characters are expected")]
pub struct InvalidNote;

impl Note {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Note {
    type Err = InvalidNote;

    fn from_str(text: &str) -> Result<Self, InvalidNote> {
        let text = text.trim();
        let is_lawful = (1..=LONGEST).contains(&text.chars().count()) && !text.chars().any(char::is_control);
        if is_lawful { Ok(Self(text.to_owned())) } else { Err(InvalidNote) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_are_counted_and_not_bytes() {
        for text in ["已核对", " a note ", &"微".repeat(500)] {
            assert_eq!(text.parse::<Note>().unwrap().as_str(), text.trim());
        }
        for text in ["", "  ", &"微".repeat(501), "a\nb", "a\u{0}b", "a\u{85}b"] {
            assert_eq!(text.parse::<Note>(), Err(InvalidNote), "{text:?}");
        }
    }
}
