//! The sections `wechat` and `accounts.<name>`: a merchant number's credentials, and where WeChat is for it.

mod addresses;
mod certificate;
mod endpoints;
mod login;
mod secrets;
mod shown;
mod validate;

use std::path::PathBuf;

use serde::Deserialize;

use crate::channel::wechat::v2::{Endpoints, Merchant};
use crate::deal::AccountId;
use crate::gateway::AccountTerms;

use super::error::ConfigError;

use addresses::addressed;
pub use certificate::{CLIENT_CERT, CLIENT_KEY, CertificateSettings, CertificateSource};
pub use login::LoginSettings;
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
    /// By which it is known who a payer inside WeChat is, if it has an AppSecret.
    pub login: Option<LoginSettings>,
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
    pub app_secret: String,
    pub app_secret_file: String,
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
    trade_types: String,
    oauth_base_url: String,
    oauth_api_base_url: String,
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
            ("trade_types", &mut self.trade_types, wechat.trade_types.clone()),
            ("oauth_base_url", &mut self.oauth_base_url, wechat.oauth_base_url.clone()),
            ("oauth_api_base_url", &mut self.oauth_api_base_url, wechat.oauth_api_base_url.clone()),
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
}

/// The section of the account `default`.
pub const WECHAT: &str = "wechat";

/// The section of an account.
pub fn section(account: &AccountId) -> String {
    if account.is_default() { WECHAT.to_owned() } else { format!("accounts.{account}") }
}
