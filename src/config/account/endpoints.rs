//! Where a merchant with credentials finds WeChat, and WeChat the merchant.

use std::path::Path;

use crate::channel::wechat::v2::{Endpoints, Merchant, Proxy, is_sendable};
use crate::config::checks::{endpoint, is_loopback};
use crate::config::error::ConfigError;
use crate::config::mistakes::{ConfigErrors, Mistakes};
use crate::config::secrets::bytes;
use crate::language::{pair, text};
use crate::simulator::DEFAULT_MERCHANT;
use crate::trust::ExtraRoots;

use super::addresses::LONGEST;
use super::validate::Checked;
use super::{OFFICIAL_BACKUP, OFFICIAL_BASE, RawAccount};

impl Checked<'_> {
    /// The hosts, and whether the addresses that they are given will do.
    pub(super) fn endpoints(&self, merchant: Option<&Merchant>) -> Result<Endpoints, ConfigErrors> {
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
