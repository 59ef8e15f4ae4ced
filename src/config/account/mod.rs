//! The sections `wechat` and `accounts.<name>`: a merchant number's credentials, and where WeChat is for it.

mod addresses;
mod certificate;
mod secrets;
mod validate;

use std::path::PathBuf;

use reqwest::Url;
use serde::Deserialize;

use crate::channel::wechat::v2::{Endpoints, Merchant, Proxy};
use crate::deal::AccountId;
use crate::gateway::AccountTerms;

use super::checks::is_loopback;
use super::error::ConfigError;
use super::table::{Shown, plain, secret, url};

use addresses::addressed;
use certificate::Written;
pub use certificate::{CLIENT_CERT, CLIENT_KEY, CertificateSettings, CertificateSource};
pub use validate::Numbers;

const OFFICIAL_BASE: &str = "https://api.mch.weixin.qq.com";
const OFFICIAL_BACKUP: &str = "https://api2.mch.weixin.qq.com";

/// An account: the merchant that we are to WeChat, and where that is.
#[derive(Debug, Clone)]
pub struct AccountSettings {
    /// Number, appid and keys. An empty `notify_url` is this service's own address ([`AccountSettings::merchant_at`]).
    pub merchant: Merchant,
    /// The client certificate with which refunds are asked for, if it has one.
    pub certificate: Option<CertificateSettings>,
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
    client_cert: String,
    client_cert_file: String,
    client_key: String,
    client_key_file: String,
    sign_type: String,
    base_url: String,
    backup_base_url: String,
    pub proxy: String,
    pub proxy_file: String,
    ca_file: String,
    notify_url: String,
    refund_notify_url: String,
    body: String,
    query_budget: u32,
    #[serde(default)]
    sellers: String,
    #[serde(default)]
    pub notify_sources: String,
    /// The keys that are taken over from `[wechat]`.
    #[serde(skip)]
    inherited: Vec<&'static str>,
    /// The files in which the halves of the client certificate stand.
    #[serde(skip)]
    client_cert_place: Option<PathBuf>,
    #[serde(skip)]
    client_key_place: Option<PathBuf>,
}

impl RawAccount {
    /// Takes over from `[wechat]` what it does not say itself, never a number, a key or a certificate; and tells which keys these are.
    pub fn inherit(&mut self, name: &str, wechat: &Self) -> &[&'static str] {
        let is_elsewhere = !self.base_url.is_empty() && self.base_url != wechat.base_url;
        let is_notified_elsewhere = !self.notify_url.is_empty();
        for (key, value, of_wechat) in [
            ("sign_type", &mut self.sign_type, wechat.sign_type.clone()),
            ("base_url", &mut self.base_url, wechat.base_url.clone()),
            ("backup_base_url", &mut self.backup_base_url, wechat.backup_base_url.clone()),
            ("proxy", &mut self.proxy, wechat.proxy.clone()),
            ("ca_file", &mut self.ca_file, wechat.ca_file.clone()),
            ("notify_url", &mut self.notify_url, addressed(&wechat.notify_url, name)),
            ("refund_notify_url", &mut self.refund_notify_url, addressed(&wechat.refund_notify_url, name)),
            ("body", &mut self.body, wechat.body.clone()),
        ] {
            // An account that is pointed elsewhere has nothing to look for at the other's second host, nor at its other address.
            let is_own_affair = match key {
                "backup_base_url" | "ca_file" => is_elsewhere,
                "refund_notify_url" => is_notified_elsewhere,
                _ => false,
            };
            if value.is_empty() && !is_own_affair {
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
            (CLIENT_CERT, self.certificate_half().is_some()),
            (CLIENT_KEY, self.key_half().is_some()),
            ("base_url", is_elsewhere(&self.base_url, OFFICIAL_BASE)),
            ("backup_base_url", is_elsewhere(&self.backup_base_url, OFFICIAL_BACKUP)),
            ("proxy", !self.proxy.is_empty()),
            ("ca_file", !self.ca_file.is_empty()),
            ("notify_url", !self.notify_url.is_empty() && !is_here(&self.notify_url)),
            ("refund_notify_url", !self.refund_notify_url.is_empty() && !is_here(&self.refund_notify_url)),
            ("notify_sources", !self.notify_sources.is_empty()),
        ];
        let own = set.into_iter().filter(|(key, is_set)| *is_set && !self.inherited.contains(key));
        own.map(|(key, _)| format!("{section}.{key}")).collect()
    }

    fn certificate_half(&self) -> Option<Written> {
        Written::of(&self.client_cert, self.client_cert_place.as_deref())
    }

    fn key_half(&self) -> Option<Written> {
        Written::of(&self.client_key, self.client_key_place.as_deref())
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
            (CLIENT_CERT, self.certificate_half().map_or_else(|| plain(""), |_| Shown::Hidden)),
            ("client_cert_file", plain(&self.client_cert_file)),
            (CLIENT_KEY, self.key_half().map_or_else(|| plain(""), |_| Shown::Hidden)),
            ("client_key_file", plain(&self.client_key_file)),
            ("sign_type", plain(&self.sign_type)),
            // Without credentials the URLs have not been checked.
            ("base_url", url(&self.base_url)),
            ("backup_base_url", url(&self.backup_base_url)),
            ("notify_url", url(&self.notify_url)),
            ("refund_notify_url", url(&self.refund_notify_url)),
            // As the client writes it, without user and password.
            ("proxy", self.proxy.parse::<Proxy>().map_or_else(|_| secret(&self.proxy), plain)),
            ("proxy_file", plain(&self.proxy_file)),
            ("ca_file", plain(&self.ca_file)),
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
