//! `check-config`: the configuration with where each value comes from.

use std::fmt::Write;

use crate::language::{Language, Text};

use super::account::AccountSettings;
use super::settings::Settings;
use super::table::{self, Row};
use super::webhooks::WebhookSettings;
use super::words;

/// A configuration, and where it comes from.
#[derive(Debug)]
pub struct Overview {
    /// The configuration itself.
    pub settings: Settings,
    /// The profile's file, if one is named.
    pub(super) profile: Option<String>,
    pub(super) rows: Vec<Row>,
}

impl Overview {
    /// Every key with its value and its origin, without secrets; and what that amounts to.
    pub fn tell(&self, language: Language) -> String {
        let settings = &self.settings;
        let wechat = match &settings.wechat.endpoints {
            Some(endpoints) => words::wechat(endpoints.primary.host_str().unwrap_or_default()),
            None => words::simulator(settings.simulator.listen),
        };
        let mut text = table::tell(&self.rows, language);
        let is_changing = settings.all_accounts().any(|account| account.merchant.previous_key.is_some());
        let previous_key = is_changing.then(words::previous_key);
        let profile = words::profile(self.profile.as_deref());
        let auth = words::auth(&settings.auth);
        let certificates = settings.told_certificates();
        let bills = if settings.bill_enabled { words::bills(settings.terms.bill.at) } else { words::no_bills() };
        let webhooks = settings.webhooks.iter().flat_map(WebhookSettings::told);
        let of_accounts =
            [profile, wechat].into_iter().chain(previous_key).chain(settings.told_ways()).chain(certificates).chain(self.sellers());
        let console = words::console(settings.console.listen, &settings.console.told_users(), settings.is_simulated());
        let sentences = of_accounts.chain([bills, auth]).chain(webhooks).chain([console]);
        for sentence in sentences {
            let _ = write!(text, "\n{}", sentence.read(language));
        }
        text + "\n"
    }

    /// Which sellers go through which account, when there are several.
    fn sellers(&self) -> Vec<Text> {
        let of = |AccountSettings { merchant, terms, .. }: &AccountSettings| match terms.sellers.is_empty() {
            true => words::no_sellers(merchant.account.as_str()),
            false => words::sellers(merchant.account.as_str(), &terms.sellers.to_string()),
        };
        let mut told: Vec<_> = self.settings.accounts.iter().map(of).collect();
        if !told.is_empty() {
            told.push(words::other_sellers());
        }
        told
    }
}
