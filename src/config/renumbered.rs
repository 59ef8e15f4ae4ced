//! Accounts whose numbers are not those that their deals were opened for: WeChat does not know these deals under others.

use crate::channel::Addressee;
use crate::channel::wechat::v2::Merchant;
use crate::deal::AccountId;

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
    /// The accounts whose numbers are others by now than those with which deals were `opened`. One that is configured no more is
    /// told of as long as deals need it; so it is here only where its merchant number is no account's.
    pub fn renumbered(&self, opened: impl IntoIterator<Item = (AccountId, Addressee)>) -> Vec<Renumbered> {
        let merchants = || self.all_accounts().map(|account| &account.merchant);
        let compared = opened.into_iter().map(|(account, then)| Renumbered {
            now: merchants().find(|merchant| merchant.account == account).map(Merchant::addressee),
            is_stranger: merchants().all(|merchant| merchant.mch_id != then.mch_id),
            account,
            then,
        });
        compared.filter(|Renumbered { then, now, is_stranger, .. }| now.as_ref().map_or(*is_stranger, |now| now != then)).collect()
    }
}
