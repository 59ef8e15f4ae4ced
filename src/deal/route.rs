//! Which order a channel is asked about, and through which account.

use super::{AccountId, CheckoutId, Deal, OrderId, Refund};

/// The way to a deal's order at its channel. It is taken from the deal itself, so no call can go through another account than
/// the deal's: a call takes a route, and neither an account nor a number. Clones share the texts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    order_id: OrderId,
    account: AccountId,
    checkout_id: Option<CheckoutId>,
}

impl Route {
    /// Of a deal that is being opened: the account is stored with the number.
    pub fn of_new_deal(order_id: OrderId, account: AccountId) -> Self {
        Self { order_id, account, checkout_id: None }
    }

    /// Which order.
    pub fn order_id(&self) -> &OrderId {
        &self.order_id
    }

    /// The same of one that is one way of this checkout.
    #[must_use]
    pub fn in_checkout(self, checkout_id: Option<CheckoutId>) -> Self {
        Self { checkout_id, ..self }
    }

    /// Of which checkout it is one way, if of any.
    pub fn checkout_id(&self) -> Option<&CheckoutId> {
        self.checkout_id.as_ref()
    }

    /// Through which account.
    pub fn account(&self) -> &AccountId {
        &self.account
    }
}

impl Deal {
    /// The way to its order.
    pub fn route(&self) -> Route {
        Route { order_id: self.order_id.clone(), account: self.account.clone(), checkout_id: self.checkout_id.clone() }
    }
}

impl Refund {
    /// The way to its deal's order.
    pub fn route(&self) -> Route {
        Route { order_id: self.order_id.clone(), account: self.account.clone(), checkout_id: None }
    }
}
