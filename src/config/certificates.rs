//! The client certificates of all accounts: what an operator is told of them.

use crate::deal::Timestamp;
use crate::language::Text;

use super::account::{AccountSettings, section};
use super::certificate_words as words;
use super::settings::Settings;

impl Settings {
    /// A sentence for each account whose client certificate is good no more.
    pub fn expired_certificates(&self, now: Timestamp) -> Vec<Text> {
        let of = |AccountSettings { merchant, certificate, .. }: &AccountSettings| {
            let until = certificate.as_ref()?.certificate.not_after();
            (until < now).then(|| words::expired(&section(&merchant.account), until))
        };
        self.all_accounts().filter_map(of).collect()
    }

    /// What is to go back by itself, and cannot through accounts that have no client certificate where one is demanded.
    pub(super) fn uncertified_automatic_refunds(&self) -> Option<Text> {
        let automatic = self.terms.refund.automatic;
        let is_demanded = |account: &&AccountSettings| account.endpoints.as_ref().is_some_and(|it| it.primary.scheme() == "https");
        let without = self.all_accounts().filter(is_demanded).filter(|account| account.certificate.is_none());
        let names: Vec<_> = without.map(|account| account.merchant.account.as_str()).collect();
        ((automatic.second || automatic.late) && !names.is_empty()).then(|| words::nothing_automatic(&names))
    }

    /// With which client certificates refunds are asked for, and through which accounts they cannot be. Nothing of a simulator's
    /// accounts, of which it demands none.
    pub(super) fn told_certificates(&self) -> Vec<Text> {
        let mut real = self.all_accounts().filter(|account| account.endpoints.is_some()).peekable();
        if real.peek().is_none() {
            return Vec::new();
        }
        let (mut told, mut without) = (Vec::new(), Vec::new());
        for AccountSettings { merchant, certificate, .. } in real {
            match certificate {
                Some(it) => told.push(words::certificate(merchant.account.as_str(), it.certificate.subject(), it.certificate.not_after())),
                None => without.push(merchant.account.as_str()),
            }
        }
        told.extend((!without.is_empty()).then(|| words::no_certificate(&without)));
        told
    }
}
