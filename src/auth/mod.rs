//! Authentication of the callers that open deals: `auth.mode`. Nothing else asks for it, for an order that exists is known by its
//! unguessable number only.
//!
//! A price that a browser names is the browser's price. So either the merchant's own back end is the only caller
//! ([`ApiKeys`]), or a browser carries an offer that the back end has signed and that cannot be changed ([`SigningSecrets`]).

mod api_key;
mod signed;

pub use api_key::ApiKeys;
pub use signed::{SignedOffer, SigningSecrets, Unbelieved};

/// The mode, with what it needs.
#[derive(Debug, Clone)]
pub enum Auth {
    /// Every caller that reaches the port, at any price: for a demonstration, or behind a network that lets only the
    /// merchant's back end through.
    Open,
    /// Callers that have a key.
    ApiKey(ApiKeys),
    /// Callers that have a signed offer.
    Signed(SigningSecrets),
}

/// Why a list of keys or secrets is none. Never shows what was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidList {
    /// An entry is not `name:value` with a plain name.
    #[error("entries of the form name:value separated by commas, each name of at most 32 letters, digits, -, _ and .")]
    Entry,
    /// Two entries have one name, so that logs could not tell them apart.
    #[error("a name comes twice")]
    Repeated,
    /// A key's entry is not a hash.
    #[error("the value of an entry is the SHA-256 of a key, 64 hexadecimal digits: `wechat-pay new-key` draws a key and prints its entry")]
    Hash,
    /// A secret that could be guessed, or that a file would not give back as it is.
    #[error("a secret has at least 32 visible ASCII characters that are not all the same: `openssl rand -hex 32` draws one")]
    Secret,
}

/// `name:value,name:value`, or one a line in a file. The name is what logs call it.
fn entries(text: &str) -> Result<Vec<(&str, &str)>, InvalidList> {
    let mut entries: Vec<(&str, &str)> = Vec::new();
    for entry in text.split([',', '\n']).map(str::trim).filter(|entry| !entry.is_empty()) {
        let (name, value) = entry.split_once(':').filter(|(name, _)| is_name(name)).ok_or(InvalidList::Entry)?;
        if entries.iter().any(|(known, _)| *known == name) {
            return Err(InvalidList::Repeated);
        }
        entries.push((name, value));
    }
    Ok(entries)
}

fn is_name(name: &str) -> bool {
    (1..=32).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
}

fn lower_hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}
