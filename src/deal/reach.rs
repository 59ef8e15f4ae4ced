//! Access control by attributes: which deals a caller may see and touch.

use super::{AccountId, Deal, EventType, Sellers};

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

    /// Whether an event is: of most types by whose order it is about. One about a bill tells of all sellers of an account.
    pub fn covers_event(&self, event_type: Option<EventType>, seller: Option<i64>, account: &AccountId) -> bool {
        match event_type {
            Some(EventType::BillReconciled) => self.covers_all_of(account),
            _ => self.covers_if_known(seller, account),
        }
    }

    /// Whether all deals through this account are, whoever their sellers.
    pub fn covers_all_of(&self, account: &AccountId) -> bool {
        self.sellers.is_none() && self.accounts.as_ref().is_none_or(|accounts| accounts.contains(account))
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

    #[test]
    fn a_bill_is_for_those_that_may_see_all_sellers_of_its_account() {
        let (shop2, default): (AccountId, _) = ("shop2".parse().unwrap(), AccountId::default());
        let of = |accounts: Option<&AccountId>, sellers: Option<&str>| Reach {
            accounts: accounts.map(|account| vec![account.clone()]),
            sellers: sellers.map(|sellers| sellers.parse().unwrap()),
        };
        for (reach, sees) in [
            (of(None, None), true),
            (of(Some(&shop2), None), true),
            (of(Some(&default), None), false),
            (of(None, Some("1-2147483647")), false),
            (of(Some(&shop2), Some("12")), false),
        ] {
            assert_eq!(reach.covers_event(Some(EventType::BillReconciled), None, &shop2), sees, "{reach:?}");
            let is_everything = reach.is_everything();
            for other in [Some(EventType::AlarmRaised), None] {
                assert_eq!(reach.covers_event(other, None, &shop2), is_everything, "{reach:?}");
            }
        }
    }
}
