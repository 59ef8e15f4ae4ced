//! Accounts whose numbers are not those that their deals were opened for: WeChat does not know these deals under others.

use crate::channel::Addressee;
use crate::channel::wechat::v2::{Merchant, is_signed_with, numbers_in};
use crate::deal::AccountId;
use crate::simulator::published_key;

use super::settings::Settings;

/// An account that deals were opened through with other numbers than it has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Renumbered {
    /// Its name.
    pub account: AccountId,
    /// The numbers that deals were opened for.
    pub then: Addressee,
    /// Its numbers now; `None`: there is no such account.
    pub now: Option<Addressee>,
    /// Whether no account at all has that merchant number.
    pub is_stranger: bool,
}

impl Settings {
    /// The numbers that a stored request was written for; `None` of the simulator's own deals, whose accounts may come and go. (Its
    /// numbers alone could be a real merchant's, so the published key must have signed it.)
    pub fn numbers_to_hold(&self, request: &str) -> Option<Addressee> {
        let is_simulators = |numbers: &Addressee| self.is_simulated() && is_signed_with(request, &published_key(&numbers.mch_id));
        numbers_in(request).filter(|numbers| !is_simulators(numbers))
    }

    /// The accounts whose numbers are others by now than those with which deals were `opened`. One that is configured no more is
    /// told of as long as deals need it; so it is here only where its merchant number is no account's.
    pub fn renumbered(&self, opened: impl IntoIterator<Item = (AccountId, Addressee)>) -> Vec<Renumbered> {
        let merchants = || self.all_accounts().map(|account| &account.merchant);
        // What the simulator has not signed is a real merchant's, whatever its number.
        let is_real = self.is_simulated() && !self.simulator.accept_database;
        let compared = opened.into_iter().map(|(account, then)| Renumbered {
            now: merchants().find(|merchant| merchant.account == account).map(Merchant::addressee),
            is_stranger: is_real || merchants().all(|merchant| merchant.mch_id != then.mch_id),
            account,
            then,
        });
        compared
            .filter(|Renumbered { then, now, is_stranger, .. }| now.as_ref().map_or(*is_stranger, |now| is_real || now != then))
            .collect()
    }
}
