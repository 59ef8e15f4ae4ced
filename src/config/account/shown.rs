//! What an account's keys say, as far as it may be shown.

use reqwest::Url;

use crate::channel::wechat::v2::Proxy;
use crate::config::checks::is_loopback;
use crate::config::table::{Shown, plain, secret, url};

use super::certificate::{CLIENT_CERT, CLIENT_KEY};
use super::{OFFICIAL_BACKUP, OFFICIAL_BASE, RawAccount, WECHAT};

impl RawAccount {
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
            ("app_secret", secret(&self.app_secret)),
            ("app_secret_file", plain(&self.app_secret_file)),
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
            ("trade_types", plain(&self.trade_types)),
            ("oauth_base_url", url(&self.oauth_base_url)),
            ("oauth_api_base_url", url(&self.oauth_api_base_url)),
            ("query_budget", plain(self.query_budget)),
        ];
        let own = match section {
            WECHAT => ("notify_sources", plain(&self.notify_sources)),
            _ => ("sellers", plain(&self.sellers)),
        };
        keys.into_iter().chain([own]).map(|(key, value)| (format!("{section}.{key}"), value)).collect()
    }
}
