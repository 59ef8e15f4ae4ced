//! The sections `simulator.merchants.<name>`: merchants that the simulator knows beside the accounts' own.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::channel::wechat::v2::{ApiKey, SignType, Signer};
use crate::language::{pair, text};
use crate::simulator::{SimMerchant, SubMerchant};

use super::account::{AccountSettings, section};
use super::checks::{list, value};
use super::error::ConfigError;
use super::mistakes::{ConfigErrors, Mistakes};
use super::table::{Shown, plain, secret};

/// A merchant as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawMerchant {
    appid: String,
    mch_id: String,
    api_key: String,
    name: String,
    sub_merchants: String,
}

/// The merchants of the accounts, and these.
pub fn simulated<'a>(
    accounts: impl Iterator<Item = &'a AccountSettings>,
    merchants: &BTreeMap<String, RawMerchant>,
) -> Result<Vec<SimMerchant>, ConfigErrors> {
    let mut mistakes = Mistakes::default();
    let (mut known, mut keys) = (Vec::new(), BTreeMap::new());
    for AccountSettings { merchant, .. } in accounts {
        let simulated = SimMerchant::from(merchant);
        known.push(match merchant.account.is_default() {
            true => simulated,
            false => simulated.with_name(merchant.sub_mch_id.clone(), merchant.account.as_str()),
        });
        keys.insert(merchant.mch_id.as_str(), (section(&merchant.account), merchant.signer.clone()));
    }
    for (name, raw) in merchants {
        let Some((simulated, signer)) = mistakes.take(raw.validate(name)) else { continue };
        known.push(simulated);
        let section = raw.section(name);
        let (other, known) = keys.entry(&raw.mch_id).or_insert((section.clone(), signer.clone()));
        if !signer.shares_key_with(known) {
            let why = text(
                format!("{other} has the same mch_id and another key: a merchant number has one"),
                format!("与 {other} 的 mch_id 相同而密钥不同：一个商户号只有一个密钥"),
            );
            mistakes.add(value(&format!("{section}.api_key"), why));
        }
    }
    mistakes.or_else(Some(known))
}

impl RawMerchant {
    fn section(&self, name: &str) -> String {
        format!("simulator.merchants.{name}")
    }

    fn validate(&self, name: &str) -> Result<(SimMerchant, Signer), ConfigErrors> {
        let key = |key: &str| format!("{}.{key}", self.section(name));
        let mut mistakes = Mistakes::default();
        let is_plain = |text: &str| (1..=32).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric());
        mistakes.check(is_plain(&self.appid), &key("appid"), pair("at most 32 letters and digits", "最多 32 个字母和数字"));
        mistakes.check(is_plain(&self.mch_id), &key("mch_id"), pair("at most 32 digits", "最多 32 位数字"));
        let sub_merchants = list(&self.sub_merchants).map(|text| {
            let (mch_id, appid) = text.split_once(':').map_or((text, None), |(mch_id, appid)| (mch_id, Some(appid)));
            let is_one = is_plain(mch_id) && appid.is_none_or(is_plain);
            let sub_merchant = SubMerchant { mch_id: mch_id.to_owned(), appid: appid.map(str::to_owned) };
            is_one.then_some(sub_merchant).ok_or_else(|| {
                value(
                    &key("sub_merchants"),
                    pair("mch_id or mch_id:appid of each, separated by commas", "每项为 mch_id 或 mch_id:appid，逗号分隔"),
                )
            })
        });
        let sub_merchants = mistakes.take(sub_merchants.collect::<Result<Vec<_>, _>>());
        let api_key = mistakes.take(ApiKey::new(&self.api_key).map_err(|why| ConfigError::ApiKey { key: key("api_key"), why }));
        let made = || {
            let signer = Signer::new(api_key?, SignType::Md5);
            let merchant = SimMerchant::new(self.appid.as_str(), self.mch_id.as_str(), signer.clone()).with_sub_merchants(sub_merchants?);
            let name = if self.name.is_empty() { name } else { &self.name };
            Some((merchant.with_name(None, name), signer))
        };
        mistakes.or_else(made())
    }

    /// Under its name.
    pub fn shown(&self, name: &str) -> [(String, Shown); 5] {
        let row = |key, value| (format!("{}.{key}", self.section(name)), value);
        [
            row("appid", plain(&self.appid)),
            row("mch_id", plain(&self.mch_id)),
            row("api_key", secret(&self.api_key)),
            row("name", plain(&self.name)),
            row("sub_merchants", plain(&self.sub_merchants)),
        ]
    }
}
