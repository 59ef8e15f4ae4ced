//! Access control by attributes: which deals a caller may see and touch.

use super::{AccountId, Deal, Sellers};

/// Deals by their sellers and by their accounts. By default all of them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Reach {
    /// Through which accounts they go; `None`: through any.
    pub accounts: Option<Vec<AccountId>>,
    /// Whose they are; `None`: any seller's.
    pub sellers: Option<Sellers>,
}

impl Reach {
    /// Whether a deal is one of them.
    pub fn has(&self, deal: &Deal) -> bool {
        self.covers(deal.merchant_id, &deal.account)
    }

    /// Whether there is no limit: all deals are within it, and what is nobody's.
    pub fn is_everything(&self) -> bool {
        *self == Self::default()
    }

    /// The same as [`Reach::covers`] of an order whose seller is `None` where it is not known here: whose that is nobody knows, so it
    /// is within a reach without limits only.
    pub fn covers_if_known(&self, seller: Option<i64>, account: &AccountId) -> bool {
        seller.map_or_else(|| self.is_everything(), |seller| self.covers(seller, account))
    }

    /// Whether a deal of this seller through this account is one of them.
    pub fn covers(&self, seller: i64, account: &AccountId) -> bool {
        self.sellers.as_ref().is_none_or(|sellers| sellers.contains(seller))
            && self.accounts.as_ref().is_none_or(|accounts| accounts.contains(account))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deal_is_within_reach_by_its_seller_and_its_account() {
        let shop2: AccountId = "shop2".parse().unwrap();
        let (both, of_sellers) = (
            Reach { accounts: Some(vec![shop2.clone()]), sellers: Some("12,20-29".parse().unwrap()) },
            Reach { accounts: None, sellers: Some("12".parse().unwrap()) },
        );
        for (seller, account, has_both, is_of_seller) in
            [(12, &shop2, true, true), (25, &shop2, true, false), (13, &shop2, false, false), (12, &AccountId::default(), false, true)]
        {
            assert!(Reach::default().covers(seller, account));
            assert_eq!((both.covers(seller, account), of_sellers.covers(seller, account)), (has_both, is_of_seller), "{seller} {account}");
        }
        assert!(Reach::default().covers_if_known(None, &shop2) && !both.covers_if_known(None, &shop2), "whose it is nobody knows");
        assert_eq!([12, 13].map(|seller| both.covers_if_known(Some(seller), &shop2)), [true, false]);
        let nothing = Reach { accounts: Some(Vec::new()), sellers: None };
        assert!(!nothing.covers(12, &shop2), "a limit to no account is a limit");
        assert!(!nothing.is_everything());
    }
}
