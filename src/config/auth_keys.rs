//! The sections `auth.keys.<name>`: API keys with what each may do.

use serde::Deserialize;

use crate::auth::{InvalidList, Key, Scope, Scopes};
use crate::deal::AccountId;
use crate::language::text;

use super::checks::value;
use super::error::ConfigError;
use super::mistakes::{ConfigErrors, Mistakes};
use super::reach::reach;
use super::table::{Shown, plain, secret};

/// A key as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawKey {
    hash: String,
    scopes: String,
    accounts: String,
    sellers: String,
}

impl RawKey {
    /// `accounts`: those that there are.
    pub fn validate(&self, name: &str, accounts: &[AccountId]) -> Result<Key, ConfigErrors> {
        let mut mistakes = Mistakes::default();
        let place = |key: &str| format!("auth.keys.{name}{key}");
        let scopes = self.scopes.parse::<Scopes>().map_err(|why| {
            let chinese = "应为 pay、refund、read、manage 中的一个或几个，逗号分隔，不重复";
            value(&place(".scopes"), text(why.to_string(), chinese))
        });
        let reach = reach(&format!("auth.keys.{name}"), &self.accounts, &self.sellers, accounts);
        let scopes = mistakes.take(scopes).unwrap_or_else(|| Scope::Pay.into());
        let reach = mistakes.take(reach).unwrap_or_default();
        let key = Key::of_section(name, &self.hash, scopes, reach).map_err(|why| {
            let key = if why == InvalidList::Hash { place(".hash") } else { place("") };
            ConfigError::List { key, why }
        });
        let key = mistakes.take(key);
        mistakes.or_else(key)
    }

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
