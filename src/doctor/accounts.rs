//! Each account: WeChat's hosts, the credentials, the client certificate, the login of payers, the notify URL.

use std::collections::HashSet;

use futures_util::{StreamExt, stream};

use crate::channel::wechat::v2::Endpoints;
use crate::config::{AccountSettings, section};
use crate::deal::AccountId;

use super::words::configuration as words;
use super::{Doctor, Finding};

/// So many accounts are asked about at once.
const AT_ONCE: usize = 8;

impl Doctor {
    /// Of accounts that share their hosts, only the first tells of them; the key of each is tried.
    pub(super) async fn accounts(&self) -> Vec<Finding> {
        let mut told = HashSet::new();
        let real = self.settings.all_accounts().filter_map(|account| {
            let endpoints = account.endpoints.as_ref()?;
            Some((account, endpoints, told.insert(endpoints)))
        });
        let real: Vec<_> = real.collect();
        let are_several = real.len() > 1;
        let examined = real.into_iter().map(|(account, endpoints, tells_of_hosts)| async move {
            let findings = self.account(account, endpoints, tells_of_hosts).await;
            match are_several {
                true => findings.into_iter().map(|finding| of_account(&account.merchant.account, finding)).collect::<Vec<_>>(),
                false => findings,
            }
        });
        stream::iter(examined).buffered(AT_ONCE).concat().await
    }

    async fn account(&self, account: &AccountSettings, endpoints: &Endpoints, tells_of_hosts: bool) -> Vec<Finding> {
        let merchant = &account.merchant;
        let (mut findings, credentials) = self.hosts(merchant, endpoints).await;
        if !tells_of_hosts {
            findings.clear();
        }
        findings.extend(credentials);
        findings.extend(self.certificate(account, endpoints).await);
        findings.extend(self.login(account, endpoints).await);
        findings.extend(self.notify_url(merchant, endpoints).await);
        findings
    }
}

/// A finding that names its account, and in its advice the keys of that.
fn of_account(account: &AccountId, Finding { verdict, check, found, advice }: Finding) -> Finding {
    let advice = advice.map(|advice| words::in_section(&section(account), &advice));
    Finding { verdict, check, found: words::of_account(account.as_str(), &found), advice }
}
