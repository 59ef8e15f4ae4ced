//! The sections `auth.keys.<name>`: API keys with what each may do.

use serde::Deserialize;

use crate::auth::{InvalidList, Key, Scope, Scopes};
use crate::deal::{AccountId, Reach, Sellers};
use crate::language::{pair, text};

use super::checks::{list, value};
use super::error::ConfigError;
use super::mistakes::{ConfigErrors, Mistakes};
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
        let known = |name: &str| name.parse().ok().filter(|account| accounts.contains(account));
        let of_accounts = list(&self.accounts).map(known).collect::<Option<Vec<AccountId>>>();
        // A limit to nothing would be none.
        let of_accounts = of_accounts.filter(|accounts| self.accounts.is_empty() || !accounts.is_empty()).ok_or_else(|| {
            value(&place(".accounts"), pair("names of accounts that are configured, separated by commas", "应为已配置的账户名，逗号分隔"))
        });
        let sellers = self.sellers.parse::<Sellers>().map_err(|why| {
            let chinese = "应为 1 到 2147483647 的编号和区间，逗号分隔，不重复，如 12,100-199";
            value(&place(".sellers"), text(why.to_string(), chinese))
        });
        let scopes = mistakes.take(scopes).unwrap_or_else(|| Scope::Pay.into());
        let reach = Reach {
            accounts: mistakes.take(of_accounts).filter(|accounts| !accounts.is_empty()),
            sellers: mistakes.take(sellers).filter(|sellers| !sellers.is_empty()),
        };
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
