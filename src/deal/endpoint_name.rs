//! Names of the merchant's endpoints.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use super::AccountId;

/// An endpoint's name: `<name>` of the section `[webhooks.<name>]`. Clones share it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EndpointName(Arc<str>);

/// The text is not of the form `^[a-z][a-z0-9_-]{0,31}$`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an endpoint's name has 1 to 32 characters of a-z 0-9 _ - and begins with a letter")]
pub struct InvalidEndpointName;

impl EndpointName {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for EndpointName {
    type Err = InvalidEndpointName;

    fn from_str(text: &str) -> Result<Self, InvalidEndpointName> {
        if AccountId::is_name(text) { Ok(Self(text.into())) } else { Err(InvalidEndpointName) }
    }
}

impl fmt::Display for EndpointName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
