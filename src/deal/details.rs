//! What a merchant says of a deal: what the payer reads, the merchant's own number for it, and where the payer's page leads.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// What the merchant said. Decides nothing about money, and never changes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Details {
    /// What the payer reads.
    pub description: Option<Description>,
    /// The merchant's own number.
    pub reference: Option<Reference>,
    /// Where the page leads once it is paid; one of the hosts that the operator has listed.
    pub return_url: Option<Arc<str>>,
    /// Where the page leads a payer that gives up; likewise.
    pub cancel_url: Option<Arc<str>>,
}

impl Details {
    /// The first field in which the two differ, by the API's name for it.
    pub fn differs_in(&self, other: &Self) -> Option<&'static str> {
        let Self { description, reference, return_url, cancel_url } = self;
        let differs = [
            ("description", *description != other.description),
            ("reference", *reference != other.reference),
            ("return_url", *return_url != other.return_url),
            ("cancel_url", *cancel_url != other.cancel_url),
        ];
        differs.into_iter().find(|(_, differs)| *differs).map(|(field, _)| field)
    }

    /// Whether nothing was said.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// What a payer reads of a purchase: 1 to 127 bytes of UTF-8 without control characters. Clones share the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Description(Arc<str>);

/// A merchant's own order number: 1 to 64 printable ASCII characters. It need not be unique. Clones share the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference(Arc<str>);

/// The text is no [`Description`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("1 to 127 bytes of UTF-8 without control characters are expected")]
pub struct InvalidDescription;

/// The text is no [`Reference`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("1 to 64 printable ASCII characters are expected")]
pub struct InvalidReference;

impl Description {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Reference {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Description {
    type Err = InvalidDescription;

    fn from_str(text: &str) -> Result<Self, InvalidDescription> {
        let is_one = (1..=127).contains(&text.len()) && !text.contains(char::is_control);
        if is_one { Ok(Self(text.into())) } else { Err(InvalidDescription) }
    }
}

impl FromStr for Reference {
    type Err = InvalidReference;

    fn from_str(text: &str) -> Result<Self, InvalidReference> {
        let is_one = (1..=64).contains(&text.len()) && text.bytes().all(|b| (b' '..=b'~').contains(&b));
        if is_one { Ok(Self(text.into())) } else { Err(InvalidReference) }
    }
}

impl fmt::Display for Description {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_description_is_counted_in_bytes() {
        for text in ["a", " ", "红茶 & 绿茶 = 😀", &"茶".repeat(42), &"x".repeat(127)] {
            assert_eq!(text.parse::<Description>().unwrap().as_str(), text);
        }
        for text in ["", &"茶".repeat(43), &"x".repeat(128), "a\nb", "\u{0}", "\u{7f}", "\u{85}"] {
            assert_eq!(text.parse::<Description>(), Err(InvalidDescription), "{text:?}");
        }
    }

    #[test]
    fn a_reference_is_printable_ascii() {
        for text in ["1", "A-2026/11 #7", &"~".repeat(64)] {
            assert_eq!(text.parse::<Reference>().unwrap().as_str(), text);
        }
        for text in ["", &"x".repeat(65), "a\tb", "订单1", "\u{7f}"] {
            assert_eq!(text.parse::<Reference>(), Err(InvalidReference), "{text:?}");
        }
    }
}
