//! The accounts' ways to WeChat: accounts that have the same endpoints share an HTTP client.

use std::collections::HashMap;
use std::sync::Arc;

use tracing::warn;

use crate::chance::Chance;
use crate::channel::Channel;
use crate::channel::wechat::v2::{Client, Endpoints, Http, NoClient};
use crate::config::Settings;
use crate::gateway::{Account, Accounts};

/// Opens all accounts. `simulator`: where WeChat is for those that have no other; `own`: where this service takes
/// notifications, for those that have no other URL.
pub fn open(settings: &Settings, simulator: &Endpoints, own: &str, chance: &Chance) -> Result<Accounts, NoClient> {
    let mut ways = HashMap::new();
    let mut accounts = Vec::new();
    for configured in settings.all_accounts() {
        let endpoints = configured.endpoints.as_ref().unwrap_or(simulator);
        let way = match ways.get(endpoints) {
            Some(way) => Arc::clone(way),
            None => {
                let way = Arc::new(Http::new(endpoints.clone(), chance.clone())?);
                ways.insert(endpoints.clone(), Arc::clone(&way));
                way
            }
        };
        let merchant = configured.merchant_at(own);
        let account = merchant.account.clone();
        if merchant.previous_key.is_some() {
            warn!(%account, "the previous API key is still believed: take it out of the configuration when WeChat signs with it no more");
        }
        let channel = Channel::WeChatV2(Client::new(merchant, Arc::clone(&way), chance.clone()));
        let login = configured.login.as_ref().map(|login| login.endpoints(simulator)).map(|endpoints| way.login(endpoints));
        accounts.push(Account::new(account, channel, configured.terms.clone()).with_login(login));
    }
    Ok(Accounts::new(accounts))
}
