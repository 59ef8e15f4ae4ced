//! The accounts of one configuration: `[wechat]` and each `[accounts.<name>]`, and what they must not have in common.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::channel::wechat::v2::{Merchant, Signer};
use crate::deal::AccountId;
use crate::language::{pair, text};
use crate::simulator::{self, DEFAULT_MERCHANT};

use super::account::{AccountSettings, Numbers, RawAccount, WECHAT, section};
use super::checks::value;
use super::error::ConfigError;
use super::mistakes::{ConfigErrors, Mistakes};

/// All accounts as they are written.
pub struct RawAccounts<'a> {
    pub wechat: &'a RawAccount,
    pub others: &'a BTreeMap<String, RawAccount>,
}

impl RawAccounts<'_> {
    /// The account `default`, and the others by their names.
    pub fn validate(&self) -> Result<(AccountSettings, Vec<AccountSettings>), ConfigErrors> {
        let mut mistakes = Mistakes::default();
        let is_real = mistakes.take(self.wechat.has_credentials(WECHAT)).unwrap_or(false);
        let mut draw = Draw::beside(self.others.values());
        let numbers = if is_real { self.wechat.numbers() } else { Numbers::from(DEFAULT_MERCHANT) };
        let wechat = mistakes.take(self.wechat.validate(AccountId::default(), &numbers, is_real));
        let mut accounts = Vec::new();
        for (name, raw) in self.others {
            let Some(account) = mistakes.take(named(name)) else { continue };
            let section = section(&account);
            let numbers = match mistakes.take(raw.has_credentials(&section)) {
                None => continue,
                Some(true) => raw.numbers(),
                Some(false) if is_real => {
                    mistakes.add(ConfigError::Credentials { section, missing: raw.missing_credentials() });
                    continue;
                }
                Some(false) => draw.next(),
            };
            accounts.extend(mistakes.take(raw.validate(account, &numbers, is_real)));
        }
        distinct(wechat.iter().chain(&accounts), &mut mistakes);
        mistakes.or_else(wechat.map(|wechat| (wechat, accounts)))
    }

    /// What they are called.
    pub fn names(&self) -> Vec<AccountId> {
        [AccountId::default()].into_iter().chain(self.others.keys().filter_map(|name| named(name).ok())).collect()
    }

    /// The keys that are set and that only a merchant with credentials has or needs.
    pub fn set_without_credentials(&self) -> Vec<String> {
        let others = self.others.iter().flat_map(|(name, raw)| raw.set_without_credentials(&format!("accounts.{name}")));
        self.wechat.set_without_credentials(WECHAT).into_iter().chain(others).collect()
    }
}

fn named(name: &str) -> Result<AccountId, ConfigError> {
    let section = format!("accounts.{name}");
    match name.parse::<AccountId>() {
        Ok(account) if account.is_default() => {
            Err(value(&section, pair("the account of this name is the section [wechat]", "这个名称的账户就是 [wechat] 段")))
        }
        Ok(account) => Ok(account),
        Err(why) => Err(value(&section, text(why.to_string(), "账户名称应为 1 到 32 个字符，只能是 a-z、0-9、_ 和 -，以字母开头"))),
    }
}

/// Draws numbers for accounts without credentials, which the simulator then knows: those after the number of its default merchant.
struct Draw {
    used: HashSet<String>,
    last: u32,
}

impl Draw {
    fn beside<'a>(given: impl Iterator<Item = &'a RawAccount>) -> Self {
        Self { used: given.map(|raw| raw.numbers().mch_id).collect(), last: 1 }
    }

    fn next(&mut self) -> Numbers {
        loop {
            self.last += 1;
            let mch_id = format!("19{:08}", self.last);
            if !self.used.contains(&mch_id) {
                return Numbers { appid: format!("wx{:016}", self.last), api_key: simulator::published_key(&mch_id), mch_id };
            }
        }
    }
}

/// No seller has two accounts, no two accounts have one set of numbers, and a merchant number has one key.
fn distinct<'a>(accounts: impl Iterator<Item = &'a AccountSettings>, mistakes: &mut Mistakes) {
    let (mut sellers, mut numbers) = (Vec::new(), HashMap::new());
    let mut keys = HashMap::<_, (String, &Signer)>::new();
    for AccountSettings { merchant, terms, .. } in accounts {
        let section = section(&merchant.account);
        sellers.extend(terms.sellers.ranges().iter().map(|range| (range.clone(), section.clone())));
        let Merchant { appid, mch_id, sub_mch_id, signer, .. } = merchant;
        if let Some(other) = numbers.insert((appid, mch_id, sub_mch_id), section.clone()) {
            let why = text(
                format!("{other} has the same appid, mch_id and sub_mch_id"),
                format!("与 {other} 的 appid、mch_id、sub_mch_id 都相同"),
            );
            mistakes.add(value(&format!("{section}.mch_id"), why));
        }
        match keys.get(mch_id) {
            Some((other, known)) if !signer.shares_key_with(known) => {
                let why = text(
                    format!("{other} has the same mch_id and another key: a merchant number has one"),
                    format!("与 {other} 的 mch_id 相同而密钥不同：一个商户号只有一个密钥"),
                );
                mistakes.add(value(&format!("{section}.api_key"), why));
            }
            Some(_) => {}
            None => _ = keys.insert(mch_id, (section, signer)),
        }
    }
    sellers.sort_by_key(|(range, _)| *range.start());
    for pair in sellers.windows(2) {
        if let [(one, of_one), (other, of_other)] = pair
            && one.end() >= other.start()
        {
            let seller = other.start();
            let why = text(format!("seller {seller} is one of {of_one} too"), format!("商户编号 {seller} 也写在 {of_one} 里"));
            mistakes.add(value(&format!("{of_other}.sellers"), why));
        }
    }
}
