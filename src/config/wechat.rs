//! The section `wechat`: the merchant's credentials, and where WeChat is.

use ipnet::IpNet;
use serde::Deserialize;

use crate::channel::wechat::v2::{ApiKey, Endpoints, Merchant, PreviousKey, Proxy, SignType, Signer, is_sendable};
use crate::deal::AccountId;
use crate::language::pair;
use crate::simulator;

use super::checks::{endpoint, is_loopback, networks, value};
use super::error::ConfigError;
use super::mistakes::{ConfigErrors, Mistakes};
use super::table::{Shown, plain, secret, url};

const OFFICIAL_BASE: &str = "https://api.mch.weixin.qq.com";
const OFFICIAL_BACKUP: &str = "https://api2.mch.weixin.qq.com";

/// A WeChat with credentials.
#[derive(Debug, Clone)]
pub struct Wechat {
    /// The merchant that we are to it.
    pub merchant: Merchant,
    /// Where it is.
    pub endpoints: Endpoints,
}

/// The whole section.
pub struct WechatSettings {
    /// `None`: the simulator is WeChat.
    pub real: Option<Wechat>,
    /// The merchant that is configured, or the simulator's if none is.
    pub merchant: Merchant,
    pub notify_sources: Vec<IpNet>,
    pub body: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawWechat {
    appid: String,
    mch_id: String,
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
    notify_sources: String,
    body: String,
    pub query_budget: u32,
}

impl RawWechat {
    pub fn validate(&self, has_credentials: bool) -> Result<WechatSettings, ConfigErrors> {
        let mut mistakes = Mistakes::default();
        let merchant = mistakes.take(self.merchant(has_credentials));
        let body = mistakes.take(self.checked_body());
        let notify_sources = mistakes.take(networks("wechat.notify_sources", &self.notify_sources));
        let endpoints = if has_credentials { mistakes.take(self.endpoints(merchant.as_ref())) } else { None };
        let made = || {
            let merchant = merchant?;
            let real = endpoints.map(|endpoints| Wechat { merchant: merchant.clone(), endpoints });
            Some(WechatSettings { real, merchant, notify_sources: notify_sources?, body: body? })
        };
        mistakes.or_else(made())
    }

    /// All three, or none of them.
    pub fn has_credentials(&self) -> Result<bool, ConfigError> {
        let given = [("wechat.appid", &self.appid), ("wechat.mch_id", &self.mch_id), ("wechat.api_key", &self.api_key)];
        let missing: Vec<_> = given.iter().filter(|(_, value)| value.is_empty()).map(|(name, _)| *name).collect();
        match missing.len() {
            0 => Ok(true),
            3 => Ok(false),
            _ => Err(ConfigError::Credentials(missing)),
        }
    }

    /// Keys that are set and that only a merchant with credentials needs.
    pub fn set_without_credentials(&self) -> Vec<&'static str> {
        let set = [
            ("wechat.previous_api_key", !self.previous_api_key.is_empty()),
            ("wechat.base_url", self.base_url.trim_end_matches('/') != OFFICIAL_BASE),
            ("wechat.backup_base_url", self.backup_base_url.trim_end_matches('/') != OFFICIAL_BACKUP),
            ("wechat.proxy", !self.proxy.is_empty()),
            ("wechat.notify_url", !self.notify_url.is_empty()),
            ("wechat.notify_sources", !self.notify_sources.is_empty()),
        ];
        set.into_iter().filter(|(_, is_set)| *is_set).map(|(key, _)| key).collect()
    }

    fn sign_type(&self) -> Result<SignType, ConfigError> {
        [SignType::Md5, SignType::HmacSha256]
            .into_iter()
            .find(|sign_type| sign_type.as_str() == self.sign_type)
            .ok_or(value("wechat.sign_type", pair("MD5 or HMAC-SHA256", "应为 MD5 或 HMAC-SHA256")))
    }

    /// The merchant that is configured, or the simulator's if none is.
    fn merchant(&self, has_credentials: bool) -> Result<Merchant, ConfigErrors> {
        const DEFAULT: simulator::MerchantNumbers = simulator::DEFAULT_MERCHANT;
        let (appid, mch_id, api_key) = match has_credentials {
            true => (self.appid.as_str(), self.mch_id.as_str(), self.api_key.as_str()),
            false => (DEFAULT.appid, DEFAULT.mch_id, DEFAULT.api_key),
        };
        let mut mistakes = Mistakes::default();
        let plain = |text: &str| (1..=32).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric());
        mistakes.check(
            plain(appid),
            "wechat.appid",
            pair("at most 32 letters and digits, such as wx0123456789abcdef", "最多 32 个字母和数字，如 wx0123456789abcdef"),
        );
        mistakes.check(plain(mch_id), "wechat.mch_id", pair("at most 32 digits", "最多 32 位数字"));
        let key = mistakes.take(ApiKey::new(api_key).map_err(ConfigError::from));
        let signer = key.zip(mistakes.take(self.sign_type())).map(|(key, sign_type)| Signer::new(key, sign_type));
        let previous_key = signer.as_ref().and_then(|signer| mistakes.take(self.previous_key(signer)));
        let merchant = |(signer, previous_key)| Merchant {
            account: AccountId::default(),
            appid: appid.to_owned(),
            mch_id: mch_id.to_owned(),
            sub_mch_id: None,
            sub_appid: None,
            signer,
            previous_key,
            notify_url: self.notify_url.clone(),
        };
        mistakes.or_else(signer.zip(previous_key).map(merchant))
    }

    fn previous_key(&self, present: &Signer) -> Result<Option<PreviousKey>, ConfigError> {
        const KEY: &str = "wechat.previous_api_key";
        if self.previous_api_key.is_empty() {
            return Ok(None);
        }
        if present.uses_key(&self.previous_api_key) {
            return Err(value(KEY, pair("this is wechat.api_key itself", "与 wechat.api_key 相同")));
        }
        let key = ApiKey::new(&self.previous_api_key)
            .map_err(|_| value(KEY, pair("32 letters and digits, or empty", "应为 32 个字母和数字，或留空")))?;
        Ok(Some(PreviousKey::new(key, present)))
    }

    fn checked_body(&self) -> Result<String, ConfigError> {
        if self.body.trim().is_empty() || !is_sendable(&self.body) {
            return Err(value(
                "wechat.body",
                pair("a plain text without &, =, emoji and control characters", "应为普通文字，不能有 &、=、表情和控制字符"),
            ));
        }
        Ok(self.body.clone())
    }

    /// Where a merchant with credentials finds WeChat, and WeChat the merchant.
    fn endpoints(&self, merchant: Option<&Merchant>) -> Result<Endpoints, ConfigErrors> {
        let mut mistakes = Mistakes::default();
        let primary = mistakes.take(endpoint("wechat.base_url", &self.base_url));
        let known_to_all = simulator::DEFAULT_MERCHANT.api_key;
        let previous_is_known = merchant.and_then(|merchant| merchant.previous_key.as_ref()).is_some_and(|key| key.uses_key(known_to_all));
        let is_known = merchant.is_some_and(|merchant| merchant.signer.uses_key(known_to_all));
        if (is_known || previous_is_known) && primary.as_ref().is_some_and(|primary| !is_loopback(primary)) {
            let key = if previous_is_known { "wechat.previous_api_key" } else { "wechat.api_key" };
            mistakes.check(false, key, pair("this is the simulator's key, which is published", "这是模拟器的公开密钥"));
        }
        // A service that was pointed elsewhere must never fall back to the real WeChat by itself.
        let backup = match self.backup_base_url.as_str() {
            "" => None,
            OFFICIAL_BACKUP if self.base_url.trim_end_matches('/') != OFFICIAL_BASE => None,
            url => mistakes.take(endpoint("wechat.backup_base_url", url)),
        };
        let proxy = match self.proxy.as_str() {
            "" => None,
            url => mistakes.take(url.parse::<Proxy>().map_err(ConfigError::from)),
        };
        mistakes.take(check_notify_url(&self.notify_url));
        mistakes.or_else(primary.map(|primary| Endpoints { primary, backup, proxy }))
    }

    pub fn shown(&self) -> Vec<(&'static str, Shown)> {
        vec![
            ("wechat.appid", plain(&self.appid)),
            ("wechat.mch_id", plain(&self.mch_id)),
            ("wechat.api_key", secret(&self.api_key)),
            ("wechat.api_key_file", plain(&self.api_key_file)),
            ("wechat.previous_api_key", secret(&self.previous_api_key)),
            ("wechat.previous_api_key_file", plain(&self.previous_api_key_file)),
            ("wechat.sign_type", plain(&self.sign_type)),
            // Without credentials the URLs have not been checked.
            ("wechat.base_url", url(&self.base_url)),
            ("wechat.backup_base_url", url(&self.backup_base_url)),
            ("wechat.notify_url", url(&self.notify_url)),
            // As the client writes it, without user and password.
            ("wechat.proxy", self.proxy.parse::<Proxy>().map_or_else(|_| secret(&self.proxy), plain)),
            ("wechat.proxy_file", plain(&self.proxy_file)),
            ("wechat.notify_sources", plain(&self.notify_sources)),
            ("wechat.body", plain(&self.body)),
            ("wechat.query_budget", plain(self.query_budget)),
        ]
    }
}

/// What WeChat accepts (PROTOCOL.md, 7.4), and what the signature cannot be confused by.
fn check_notify_url(text: &str) -> Result<(), ConfigError> {
    const KEY: &str = "wechat.notify_url";
    if text.is_empty() {
        return Err(value(
            KEY,
            pair(
                "is required with credentials: the public https URL of /wxPay/notify",
                "配置了商户凭证就必须填写：/wxPay/notify 的公网 https 地址",
            ),
        ));
    }
    endpoint(KEY, text)?;
    if text.len() > 256 || !text.is_ascii() || !is_sendable(text) || text.contains(char::is_whitespace) {
        return Err(value(KEY, pair("at most 256 plain characters, and neither & nor = among them", "最多 256 个普通字符，不能有 & 和 =")));
    }
    Ok(())
}
