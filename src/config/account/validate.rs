//! What the settings of an account must be.

use std::path::Path;
use std::sync::Arc;

use crate::channel::wechat::v2::{ApiKey, Endpoints, ExtraRoots, Merchant, PreviousKey, Proxy, SignType, Signer, is_sendable};
use crate::config::checks::{endpoint, is_loopback, value};
use crate::config::error::ConfigError;
use crate::config::mistakes::{ConfigErrors, Mistakes};
use crate::config::secrets::bytes;
use crate::deal::{AccountId, InvalidSellers, Sellers};
use crate::gateway::AccountTerms;
use crate::language::{Text, pair, text};
use crate::simulator::{DEFAULT_MERCHANT, MerchantNumbers};

use super::addresses::LONGEST;
use super::certificate::{CertificateSettings, CertificateSource};
use super::{AccountSettings, OFFICIAL_BACKUP, OFFICIAL_BASE, RawAccount, section};

/// The numbers by which WeChat knows a merchant, and its key.
pub struct Numbers {
    pub appid: String,
    pub mch_id: String,
    pub api_key: String,
}

impl From<MerchantNumbers> for Numbers {
    fn from(MerchantNumbers { appid, mch_id, api_key }: MerchantNumbers) -> Self {
        Self { appid: appid.to_owned(), mch_id: mch_id.to_owned(), api_key: api_key.to_owned() }
    }
}

impl RawAccount {
    /// Those that are given.
    pub fn numbers(&self) -> Numbers {
        Numbers { appid: self.appid.clone(), mch_id: self.mch_id.clone(), api_key: self.api_key.clone() }
    }

    /// The account, with these numbers. `is_real`: its WeChat is not the simulator.
    pub fn validate(&self, account: AccountId, numbers: &Numbers, is_real: bool) -> Result<AccountSettings, ConfigErrors> {
        let checked = Checked { raw: self, section: section(&account) };
        let mut mistakes = Mistakes::default();
        let merchant = mistakes.take(checked.merchant(account, numbers));
        let certificate = mistakes.take(checked.certificate());
        let body = checked.take(&mut mistakes, "body", checked.body());
        let sellers = mistakes.take(checked.sellers());
        let endpoints = match is_real {
            true => mistakes.take(checked.endpoints(merchant.as_ref())).map(Some),
            false => Some(None),
        };
        let made = || {
            let terms = AccountTerms { sellers: sellers?, body: body?, query_budget: self.query_budget };
            Some(AccountSettings { merchant: merchant?, certificate: certificate?, endpoints: endpoints?, terms })
        };
        mistakes.or_else(made())
    }
}

/// The values of one section.
struct Checked<'a> {
    raw: &'a RawAccount,
    section: String,
}

impl Checked<'_> {
    fn key(&self, name: &str) -> String {
        format!("{}.{name}", self.section)
    }

    fn wrong(&self, name: &str, why: Text) -> ConfigError {
        value(&self.key(name), why)
    }

    /// The value of a key. What is wrong with one that is taken over is told of where it stands, in `[wechat]`.
    fn take<T>(&self, mistakes: &mut Mistakes, name: &str, read: Result<T, ConfigError>) -> Option<T> {
        if self.raw.inherited.contains(&name) { read.ok() } else { mistakes.take(read) }
    }

    fn merchant(&self, account: AccountId, numbers: &Numbers) -> Result<Merchant, ConfigErrors> {
        let RawAccount { sub_mch_id, sub_appid, .. } = self.raw;
        let Numbers { appid, mch_id, api_key } = numbers;
        let mut mistakes = Mistakes::default();
        let plain = |text: &str| (1..=32).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric());
        let an_appid = || pair("at most 32 letters and digits, such as wx0123456789abcdef", "最多 32 个字母和数字，如 wx0123456789abcdef");
        let a_number = || pair("at most 32 digits", "最多 32 位数字");
        mistakes.check(plain(appid), &self.key("appid"), an_appid());
        mistakes.check(plain(mch_id), &self.key("mch_id"), a_number());
        mistakes.check(sub_mch_id.is_empty() || plain(sub_mch_id), &self.key("sub_mch_id"), a_number());
        mistakes.check(
            sub_mch_id.is_empty() || sub_mch_id != mch_id,
            &self.key("sub_mch_id"),
            pair("this is mch_id itself: a merchant of its own has no sub_mch_id", "与 mch_id 相同：普通商户不填 sub_mch_id"),
        );
        mistakes.check(sub_appid.is_empty() || plain(sub_appid), &self.key("sub_appid"), an_appid());
        mistakes.check(
            sub_appid.is_empty() || !sub_mch_id.is_empty(),
            &self.key("sub_appid"),
            pair("is a sub-merchant's: sub_mch_id is missing", "属于特约商户：缺少 sub_mch_id"),
        );
        let key = mistakes.take(ApiKey::new(api_key).map_err(|why| ConfigError::ApiKey { key: self.key("api_key"), why }));
        let sign_type = self.take(&mut mistakes, "sign_type", self.sign_type());
        let signer = key.zip(sign_type).map(|(key, sign_type)| Signer::new(key, sign_type));
        let previous_key = signer.as_ref().and_then(|signer| mistakes.take(self.previous_key(signer)));
        let given = |id: &String| (!id.is_empty()).then(|| id.clone());
        let merchant = |(signer, previous_key)| Merchant {
            account,
            appid: appid.clone(),
            mch_id: mch_id.clone(),
            sub_mch_id: given(sub_mch_id),
            sub_appid: given(sub_appid),
            signer,
            previous_key,
            notify_url: self.raw.notify_url.clone(),
            refund_notify_url: self.raw.refund_notify_url.clone(),
        };
        mistakes.or_else(signer.zip(previous_key).map(merchant))
    }

    fn sign_type(&self) -> Result<SignType, ConfigError> {
        let known = SignType::ALL.into_iter().find(|sign_type| sign_type.as_str() == self.raw.sign_type);
        known.ok_or_else(|| self.wrong("sign_type", pair("MD5 or HMAC-SHA256", "应为 MD5 或 HMAC-SHA256")))
    }

    fn previous_key(&self, present: &Signer) -> Result<Option<PreviousKey>, ConfigError> {
        const KEY: &str = "previous_api_key";
        let previous = &self.raw.previous_api_key;
        if previous.is_empty() {
            return Ok(None);
        }
        if present.uses_key(previous) {
            return Err(self.wrong(KEY, pair("this is the present api_key itself", "与现用的 api_key 相同")));
        }
        let key =
            ApiKey::new(previous).map_err(|_| self.wrong(KEY, pair("32 letters and digits, or empty", "应为 32 个字母和数字，或留空")))?;
        Ok(Some(PreviousKey::new(key, present)))
    }

    fn certificate(&self) -> Result<Option<CertificateSettings>, ConfigErrors> {
        let Some(source) = CertificateSource::of(&self.section, self.raw.certificate_half(), self.raw.key_half())? else { return Ok(None) };
        Ok(Some(CertificateSettings { certificate: Arc::new(source.read()?), source }))
    }

    fn body(&self) -> Result<String, ConfigError> {
        let body = &self.raw.body;
        if body.trim().is_empty() || !is_sendable(body) {
            let why = pair("a plain text without &, =, emoji and control characters", "应为普通文字，不能有 &、=、表情和控制字符");
            return Err(self.wrong("body", why));
        }
        Ok(body.clone())
    }

    fn sellers(&self) -> Result<Sellers, ConfigError> {
        let chinese = "应为 1 到 2147483647 的编号或区间，逗号分隔，不能重复，如 12,100-199";
        self.raw.sellers.parse().map_err(|why: InvalidSellers| self.wrong("sellers", text(why.to_string(), chinese)))
    }

    /// Where a merchant with credentials finds WeChat, and WeChat the merchant.
    fn endpoints(&self, merchant: Option<&Merchant>) -> Result<Endpoints, ConfigErrors> {
        let RawAccount { base_url, backup_base_url, proxy, .. } = self.raw;
        let mut mistakes = Mistakes::default();
        let primary = self.take(&mut mistakes, "base_url", endpoint(&self.key("base_url"), base_url));
        let known_to_all = DEFAULT_MERCHANT.api_key;
        let previous_is_known = merchant.and_then(|merchant| merchant.previous_key.as_ref()).is_some_and(|key| key.uses_key(known_to_all));
        let is_known = merchant.is_some_and(|merchant| merchant.signer.uses_key(known_to_all));
        if (is_known || previous_is_known) && primary.as_ref().is_some_and(|primary| !is_loopback(primary)) {
            let key = if previous_is_known { "previous_api_key" } else { "api_key" };
            mistakes.add(self.wrong(key, pair("this is the simulator's key, which is published", "这是模拟器的公开密钥")));
        }
        // A service that was pointed elsewhere must never fall back to the real WeChat by itself.
        let backup = match backup_base_url.as_str() {
            "" => None,
            OFFICIAL_BACKUP if base_url.trim_end_matches('/') != OFFICIAL_BASE => None,
            url => self.take(&mut mistakes, "backup_base_url", endpoint(&self.key("backup_base_url"), url)),
        };
        let proxy = match proxy.as_str() {
            "" => None,
            url => {
                let proxy = url.parse::<Proxy>().map_err(|why| ConfigError::Proxy { key: self.key("proxy"), why });
                self.take(&mut mistakes, "proxy", proxy)
            }
        };
        let extra_roots = self.take(&mut mistakes, "ca_file", self.extra_roots());
        self.take(&mut mistakes, "notify_url", self.notify_url());
        self.take(&mut mistakes, "refund_notify_url", self.refund_notify_url());
        for (name, url) in [("notify_url", &self.raw.notify_url), ("refund_notify_url", &self.raw.refund_notify_url)] {
            let is_short = !self.raw.inherited.contains(&name) || url.len() <= LONGEST;
            let why = text(
                format!("wechat.{name} with this account's name is longer than {LONGEST}"),
                format!("wechat.{name} 加上本账户的名称超过 {LONGEST} 个字符"),
            );
            mistakes.check(is_short, &self.key(name), why);
        }
        let both = primary.zip(extra_roots);
        mistakes.or_else(both.map(|(primary, extra_roots)| Endpoints { primary, backup, proxy, extra_roots }))
    }

    fn extra_roots(&self) -> Result<ExtraRoots, ConfigError> {
        const KEY: &str = "ca_file";
        if self.raw.ca_file.is_empty() {
            return Ok(ExtraRoots::default());
        }
        let pem = bytes(Path::new(&self.raw.ca_file)).map_err(|why| self.wrong(KEY, why))?;
        ExtraRoots::from_pem(&pem).map_err(|why| self.wrong(KEY, text(why.to_string(), "应为 PEM 格式的根证书，至少一个")))
    }

    fn notify_url(&self) -> Result<(), ConfigError> {
        let url = &self.raw.notify_url;
        if url.is_empty() {
            let why = pair(
                "is required with credentials: the public https URL of /wxPay/notify",
                "配置了商户凭证就必须填写：/wxPay/notify 的公网 https 地址",
            );
            return Err(self.wrong("notify_url", why));
        }
        self.address("notify_url", url)
    }

    fn refund_notify_url(&self) -> Result<(), ConfigError> {
        let url = &self.raw.refund_notify_url;
        if url.is_empty() { Ok(()) } else { self.address("refund_notify_url", url) }
    }

    /// What WeChat accepts (PROTOCOL.md, 7.4), and what the signature cannot be confused by.
    fn address(&self, name: &str, url: &str) -> Result<(), ConfigError> {
        endpoint(&self.key(name), url)?;
        if url.len() > LONGEST || !url.is_ascii() || !is_sendable(url) || url.contains(char::is_whitespace) {
            let why = pair("at most 256 plain characters, and neither & nor = among them", "最多 256 个普通字符，不能有 & 和 =");
            return Err(self.wrong(name, why));
        }
        Ok(())
    }
}
