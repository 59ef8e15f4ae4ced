//! Authentication and authorization of callers: `auth.mode` says which of them open deals, and their [`Keys`] what else they may do.
//!
//! A price that a browser names is the browser's price. So either the merchant's own back end is the only caller
//! ([`Mode::ApiKey`]), or a browser carries an offer that the back end has signed and that cannot be changed
//! ([`SigningSecrets`]). To ask about an order, to watch it and to give it up takes its unguessable number only.

mod keys;
mod password;
mod scope;
mod signed;
mod totp;

use std::collections::HashSet;

pub use keys::{Caller, Key, Keys};
pub use password::{InvalidPasswordHash, PasswordHash};
pub use scope::{InvalidScopes, Scope, Scopes};
pub use signed::{FURTHER, FurtherValues, SignedOffer, SigningSecrets, Unbelieved};
pub use totp::{InvalidTotp, Totp};

/// Which callers may do what.
#[derive(Debug, Clone)]
pub struct Auth {
    /// Which callers open deals.
    pub mode: Mode,
    /// The keys of back ends, whatever the mode.
    pub keys: Keys,
}

/// Which callers open deals.
#[derive(Debug, Clone)]
pub enum Mode {
    /// Every caller that reaches the port, at any price: for a demonstration, or behind a network that lets only the
    /// merchant's back end through.
    Open,
    /// Callers that have a key of scope `pay`.
    ApiKey,
    /// Callers that have a signed offer.
    Signed(SigningSecrets),
}

/// Why a list of keys or secrets is none. Shows names, and never a value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidList {
    /// An entry is not `name:value` with a plain name.
    #[error("entries of the form name:value separated by commas, each name of at most 32 letters, digits, -, _ and .")]
    Entry,
    /// A section's name is not of the form `^[a-z][a-z0-9_-]{0,31}$`.
    #[error("the name of a section in auth.keys has 1 to 32 characters of a-z 0-9 _ - and begins with a letter")]
    Section,
    /// Two entries have one name, so that logs could not tell them apart.
    #[error("the name {0} comes twice")]
    Repeated(String),
    /// Two names have one key, so that it would not be clear what its holder may do.
    #[error("{0} and {1} are of one key: each name has a key of its own")]
    SameKey(String, String),
    /// A key's entry is not a hash.
    #[error("the value of an entry is the SHA-256 of a key, 64 hexadecimal digits: `wechat-pay new-key` draws a key and prints its entry")]
    Hash,
    /// A secret that could be guessed, or that a file would not give back as it is.
    #[error("a secret has at least 32 visible ASCII characters that are not all the same: `openssl rand -hex 32` draws one")]
    Secret,
}

/// `name:value,name:value`, or one a line in a file. The name is what logs call it.
fn entries(text: &str) -> Result<Vec<(&str, &str)>, InvalidList> {
    let entries = text.split([',', '\n']).map(str::trim).filter(|entry| !entry.is_empty());
    entries.map(|entry| entry.split_once(':').filter(|(name, _)| is_name(name)).ok_or(InvalidList::Entry)).collect()
}

/// No name comes twice. To be asked when the values are known to be right: before, a name may be a secret in the wrong place.
fn each_once<'a>(names: impl Iterator<Item = &'a str>) -> Result<(), InvalidList> {
    let mut known = HashSet::new();
    for name in names {
        if !known.insert(name) {
            return Err(InvalidList::Repeated(name.to_owned()));
        }
    }
    Ok(())
}

fn is_name(name: &str) -> bool {
    (1..=32).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
}

/// Bytes as they are written.
pub fn lower_hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}
