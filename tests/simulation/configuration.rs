//! The configuration of an instance, as its operator changes it from restart to restart: an account is taken out and comes back, a
//! merchant's API key is changed, a seller moves to another account.

use wechat_pay::deal::AccountId;

use super::merchants::Merchants;

/// A seller of each account, in the order of the accounts, before one of them moves.
pub const SELLERS: [i64; 3] = [12, 205, 300];
/// The seller that moves, from `shop2` to `sub`.
const MOVING: i64 = SELLERS[1];

/// What may differ between two starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Configuration {
    /// The account that it has not.
    pub lacks: Option<AccountId>,
    /// Whether it has the new key of the account whose key is changed, and the former one as the previous.
    pub has_new_key: bool,
    /// Whether the seller has moved.
    pub has_moved: bool,
}

impl Configuration {
    /// The accounts that it has, with the keys that it has of them.
    pub fn merchants(&self, all: &Merchants) -> Merchants {
        if self.has_new_key { all.clone() } else { all.before_the_change() }.without(self.lacks.as_ref())
    }

    /// Whose deals go through an account, as its operator writes it.
    pub fn sellers(&self, account: &AccountId) -> &'static str {
        match (account.as_str(), self.has_moved) {
            ("shop2", false) => "200-299",
            ("shop2", true) => "200-204, 206-299",
            ("sub", false) => "300",
            ("sub", true) => "205, 300",
            _ => "",
        }
    }

    /// The account that a seller's new deals go through.
    pub fn account_of(&self, seller: i64) -> AccountId {
        let name = match seller {
            MOVING if self.has_moved => "sub",
            MOVING => "shop2",
            300 => "sub",
            _ => "default",
        };
        let account: AccountId = name.parse().unwrap();
        if self.lacks.as_ref() == Some(&account) { AccountId::default() } else { account }
    }
}
