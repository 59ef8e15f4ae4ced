//! The sections `auth.keys.<name>`: API keys with what each may do.

use serde::Deserialize;

use super::table::{Shown, plain, secret};

/// A key as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawKey {
    pub hash: String,
    pub scopes: String,
    pub accounts: String,
    pub sellers: String,
}

impl RawKey {
    /// Under its name.
    pub fn shown(&self, name: &str) -> [(String, Shown); 4] {
        let row = |key, value| (format!("auth.keys.{name}.{key}"), value);
        [
            row("hash", secret(&self.hash)),
            row("scopes", plain(&self.scopes)),
            row("accounts", plain(&self.accounts)),
            row("sellers", plain(&self.sellers)),
        ]
    }
}
