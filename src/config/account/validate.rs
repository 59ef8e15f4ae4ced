//! What the settings of an account must be.

use std::sync::Arc;

use crate::channel::wechat::v2::{ApiKey, Merchant, PreviousKey, SignType, Signer, is_sendable};
use crate::config::checks::value;
use crate::config::error::ConfigError;
use crate::config::mistakes::{ConfigErrors, Mistakes};
use crate::deal::{AccountId, InvalidSellers, Sellers};
use crate::gateway::AccountTerms;
use crate::language::{Text, pair, text};
use crate::simulator::MerchantNumbers;

use super::certificate::{CertificateSettings, CertificateSource};
use super::{AccountSettings, RawAccount, section};

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
        let login = mistakes.take(checked.login(merchant.as_ref(), is_real));
        let ways = checked.take(&mut mistakes, "trade_types", checked.trade_types(login.as_ref(), is_real));
        let made = || {
            let (trade_types, checkout_types) = ways?;
            let terms = AccountTerms { sellers: sellers?, body: body?, trade_types, checkout_types, query_budget: self.query_budget };
            Some(AccountSettings { merchant: merchant?, certificate: certificate?, endpoints: endpoints?, login: login?, terms })
        };
        mistakes.or_else(made())
    }
}

/// The values of one section.
pub(super) struct Checked<'a> {
    pub(super) raw: &'a RawAccount,
    section: String,
}

impl Checked<'_> {
    pub(super) fn key(&self, name: &str) -> String {
        format!("{}.{name}", self.section)
    }

    pub(super) fn wrong(&self, name: &str, why: Text) -> ConfigError {
        value(&self.key(name), why)
    }

    /// The value of a key. What is wrong with one that is taken over is told of where it stands, in `[wechat]`.
    pub(super) fn take<T>(&self, mistakes: &mut Mistakes, name: &str, read: Result<T, ConfigError>) -> Option<T> {
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
}
