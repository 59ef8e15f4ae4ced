//! The sections `wechat` and `accounts.<name>`: a merchant number's credentials, and where WeChat is for it.

mod validate;

use reqwest::Url;
use serde::Deserialize;

use crate::channel::wechat::v2::{Endpoints, Merchant, Proxy};
use crate::deal::AccountId;
use crate::gateway::AccountTerms;

use super::checks::is_loopback;
use super::error::ConfigError;
use super::table::{Shown, plain, secret, url};

pub use validate::Numbers;

const OFFICIAL_BASE: &str = "https://api.mch.weixin.qq.com";
const OFFICIAL_BACKUP: &str = "https://api2.mch.weixin.qq.com";

/// An account: the merchant that we are to WeChat, and where that is.
#[derive(Debug, Clone)]
pub struct AccountSettings {
    /// Number, appid and keys. An empty `notify_url` is this service's own address.
    pub merchant: Merchant,
    /// Where WeChat is; `None`: it is the simulator.
    pub endpoints: Option<Endpoints>,
    /// What else is chosen for it.
    pub terms: AccountTerms,
}

/// An account as it is written. `[wechat]` has no `sellers`, and it alone has `notify_sources`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawAccount {
    appid: String,
    mch_id: String,
    sub_mch_id: String,
    sub_appid: String,
    pub api_key: String,
    pub api_key_file: String,
    pub previous_api_key: String,
    pub previous_api_key_file: String,
    sign_type: String,
    base_url: String,
    backup_base_url: String,
    pub proxy: String,
    pub proxy_file: String,
    notify_url: String,
    body: String,
    query_budget: u32,
    #[serde(default)]
    sellers: String,
    #[serde(default)]
    pub notify_sources: String,
    /// The keys that are taken over from `[wechat]`.
    #[serde(skip)]
    inherited: Vec<&'static str>,
}

impl RawAccount {
    /// Takes over from `[wechat]` what it does not say itself, never a number or a key; and tells which keys these are.
    pub fn inherit(&mut self, name: &str, wechat: &Self) -> &[&'static str] {
        // An account that is pointed elsewhere has nothing to look for at the other's second host.
        let has_its_hosts = self.base_url.is_empty() || self.base_url == wechat.base_url;
        let backup = if has_its_hosts { wechat.backup_base_url.clone() } else { String::new() };
        for (key, value, of_wechat) in [
            ("sign_type", &mut self.sign_type, wechat.sign_type.clone()),
            ("base_url", &mut self.base_url, wechat.base_url.clone()),
            ("backup_base_url", &mut self.backup_base_url, backup),
            ("proxy", &mut self.proxy, wechat.proxy.clone()),
            ("notify_url", &mut self.notify_url, addressed(&wechat.notify_url, name)),
            ("body", &mut self.body, wechat.body.clone()),
        ] {
            if value.is_empty() && !of_wechat.is_empty() {
                *value = of_wechat;
                self.inherited.push(key);
            }
        }
        &self.inherited
    }

    /// Whether all of the three credentials are given, or none of them.
    pub fn has_credentials(&self, section: &str) -> Result<bool, ConfigError> {
        let missing = self.missing_credentials();
        match missing.len() {
            0 => Ok(true),
            3 => Ok(false),
            _ => Err(ConfigError::Credentials { section: section.to_owned(), missing }),
        }
    }

    /// The credentials that are not given.
    pub fn missing_credentials(&self) -> Vec<&'static str> {
        let given = [("appid", &self.appid), ("mch_id", &self.mch_id), ("api_key", &self.api_key)];
        given.into_iter().filter(|(_, value)| value.is_empty()).map(|(name, _)| name).collect()
    }

    /// The keys that are set in this section and that only a merchant with credentials has or needs.
    pub fn set_without_credentials(&self, section: &str) -> Vec<String> {
        // Elsewhere than in `[wechat]` an empty URL is none that was set.
        let is_given = |url: &str| section == WECHAT || !url.is_empty();
        let is_elsewhere = |url: &str, official| is_given(url) && url.trim_end_matches('/') != official;
        let is_here = |url: &str| Url::parse(url).is_ok_and(|url| is_loopback(&url));
        let set = [
            ("appid", !self.appid.is_empty()),
            ("mch_id", !self.mch_id.is_empty()),
            ("api_key", !self.api_key.is_empty()),
            ("previous_api_key", !self.previous_api_key.is_empty()),
            ("base_url", is_elsewhere(&self.base_url, OFFICIAL_BASE)),
            ("backup_base_url", is_elsewhere(&self.backup_base_url, OFFICIAL_BACKUP)),
            ("proxy", !self.proxy.is_empty()),
            ("notify_url", !self.notify_url.is_empty() && !is_here(&self.notify_url)),
            ("notify_sources", !self.notify_sources.is_empty()),
        ];
        let own = set.into_iter().filter(|(key, is_set)| *is_set && !self.inherited.contains(key));
        own.map(|(key, _)| format!("{section}.{key}")).collect()
    }

    pub fn shown(&self, section: &str) -> Vec<(String, Shown)> {
        let keys = [
            ("appid", plain(&self.appid)),
            ("mch_id", plain(&self.mch_id)),
            ("sub_mch_id", plain(&self.sub_mch_id)),
            ("sub_appid", plain(&self.sub_appid)),
            ("api_key", secret(&self.api_key)),
            ("api_key_file", plain(&self.api_key_file)),
            ("previous_api_key", secret(&self.previous_api_key)),
            ("previous_api_key_file", plain(&self.previous_api_key_file)),
            ("sign_type", plain(&self.sign_type)),
            // Without credentials the URLs have not been checked.
            ("base_url", url(&self.base_url)),
            ("backup_base_url", url(&self.backup_base_url)),
            ("notify_url", url(&self.notify_url)),
            // As the client writes it, without user and password.
            ("proxy", self.proxy.parse::<Proxy>().map_or_else(|_| secret(&self.proxy), plain)),
            ("proxy_file", plain(&self.proxy_file)),
            ("body", plain(&self.body)),
            ("query_budget", plain(self.query_budget)),
        ];
        let own = match section {
            WECHAT => ("notify_sources", plain(&self.notify_sources)),
            _ => ("sellers", plain(&self.sellers)),
        };
        keys.into_iter().chain([own]).map(|(key, value)| (format!("{section}.{key}"), value)).collect()
    }
}

/// The section of the account `default`.
pub const WECHAT: &str = "wechat";

/// The section of an account.
pub fn section(account: &AccountId) -> String {
    if account.is_default() { WECHAT.to_owned() } else { format!("accounts.{account}") }
}

/// Where notifications of the account `name` go, by where those of the account `default` go: its name stands behind the path.
pub fn addressed(notify_url: &str, name: &str) -> String {
    match notify_url.trim_end_matches('/') {
        "" => String::new(),
        url => format!("{url}/{name}"),
    }
}
