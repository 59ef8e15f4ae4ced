//! The accounts' ways to WeChat: accounts that have the same endpoints share an HTTP client.

use std::collections::HashMap;
use std::sync::Arc;

use tracing::warn;

use crate::chance::Chance;
use crate::channel::Channel;
use crate::channel::wechat::v2::{Client, Endpoints, Http, Merchant, NoClient};
use crate::config::{AccountSettings, Settings, addressed};
use crate::gateway::{Account, Accounts};

/// Opens all accounts. `simulator`: where WeChat is for those that have no other; `own`: where this service takes
/// notifications, for those that have no other URL.
pub fn open(settings: &Settings, simulator: &Endpoints, own: &str, chance: &Chance) -> Result<Accounts, NoClient> {
    let mut ways = HashMap::new();
    let mut accounts = Vec::new();
    for AccountSettings { merchant, endpoints, terms } in settings.all_accounts() {
        let endpoints = endpoints.as_ref().unwrap_or(simulator);
        let way = match ways.get(endpoints) {
            Some(way) => Arc::clone(way),
            None => {
                let way = Arc::new(Http::new(endpoints.clone(), chance.clone())?);
                ways.insert(endpoints.clone(), Arc::clone(&way));
                way
            }
        };
        let account = merchant.account.clone();
        if merchant.previous_key.is_some() {
            warn!(%account, "the previous API key is still believed: take it out of the configuration when WeChat signs with it no more");
        }
        let notify_url = notify_url(merchant, own);
        let refund_notify_url = refund_notify_url(merchant, &notify_url);
        let merchant = Merchant { notify_url, refund_notify_url, ..merchant.clone() };
        let channel = Channel::WeChatV2(Client::new(merchant, way, chance.clone()));
        accounts.push(Account::new(account, channel, terms.clone()));
    }
    Ok(Accounts::new(accounts))
}

fn notify_url(merchant: &Merchant, own: &str) -> String {
    match merchant.notify_url.as_str() {
        "" if merchant.account.is_default() => own.to_owned(),
        "" => addressed(own, merchant.account.as_str()),
        url => url.to_owned(),
    }
}

/// Where the end of refunds is posted, for a merchant that does not say it: beside the payments. (Posted to the same address it is
/// read as well, so a path of another kind is good enough.)
fn refund_notify_url(merchant: &Merchant, notify_url: &str) -> String {
    match merchant.refund_notify_url.as_str() {
        "" => notify_url.replacen("/notify", "/refundNotify", 1),
        url => url.to_owned(),
    }
}
