//! In which ways payers pay through each account: what an operator is told of them.

use reqwest::Url;

use crate::deal::TradeType;
use crate::language::Text;

use super::account::{AccountSettings, section};
use super::settings::Settings;
use super::way_words as words;

impl Settings {
    /// AppSecrets that nothing asks for.
    pub(super) fn idle_app_secrets(&self) -> impl Iterator<Item = Text> {
        let is_idle = |account: &&AccountSettings| account.login.is_some() && !account.terms.trade_types.contains(&TradeType::Jsapi);
        let real = self.all_accounts().filter(|account| account.endpoints.is_some());
        real.filter(is_idle).map(|account| words::idle_app_secret(&section(&account.merchant.account)))
    }

    /// The ways of each account that has more than the code to scan, and what WeChat has to be told for them. Nothing of a simulator's.
    pub(super) fn told_ways(&self) -> Vec<Text> {
        let has_more = |account: &&AccountSettings| account.terms.trade_types != [TradeType::Native];
        let real = self.all_accounts().filter(|account| account.endpoints.is_some());
        real.filter(has_more).flat_map(|account| self.ways_of(account)).collect()
    }

    fn ways_of(&self, AccountSettings { merchant, terms, login, .. }: &AccountSettings) -> Vec<Text> {
        let mut told = vec![words::ways(merchant.account.as_str(), &terms.trade_types, &terms.checkout_types)];
        if login.is_none() && terms.trade_types.contains(&TradeType::Jsapi) {
            told.push(words::no_app_secret(&section(&merchant.account)));
        }
        if let Ok(base) = self.page.base_url.parse::<Url>() {
            let host = base.host_str().unwrap_or_default();
            let offered = |way| terms.checkout_types.contains(&way);
            told.extend(offered(TradeType::Jsapi).then(|| words::register_for_jsapi(&self.page.base_url, host)));
            told.extend(offered(TradeType::Mweb).then(|| words::register_for_h5(host)));
        }
        told
    }
}
