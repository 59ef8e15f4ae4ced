//! A purchase that may be paid in several ways: one link for every device.

use super::{AccountId, CheckoutId, Details, Fen, OrderId, Reach, Timestamp};

/// One purchase. Each way to pay it is a deal of its own, opened when a payer first needs it, at most one a way; and at most one of
/// them is Paid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkout {
    /// Our number for it.
    pub checkout_id: CheckoutId,
    /// Through which account its deals go.
    pub account: AccountId,
    /// Whether the caller that made it named the account.
    pub account_named: bool,
    /// The seller.
    pub merchant_id: i64,
    /// What is sold.
    pub product_id: i64,
    /// What is charged.
    pub price: Fen,
    /// What the merchant said of it.
    pub details: Details,
    /// When it was made.
    pub created_at: Timestamp,
    /// Until when it can be paid.
    pub expires_at: Timestamp,
    /// Which of its deals has paid it. Once written it never changes.
    pub paid_by: Option<OrderId>,
    /// When it was given up before it was paid or its time was over. A payment of the last moment pays it all the same.
    pub given_up_at: Option<Timestamp>,
}

impl Checkout {
    /// Whether a payer may still begin to pay it.
    pub fn is_open(&self, now: Timestamp) -> bool {
        !self.is_settled() && now < self.expires_at
    }

    /// Whether no payment of it is wanted any more: it is paid, or given up.
    pub fn is_settled(&self) -> bool {
        self.paid_by.is_some() || self.given_up_at.is_some()
    }

    /// Whether it is one of these.
    pub fn is_within(&self, reach: &Reach) -> bool {
        reach.covers(self.merchant_id, &self.account)
    }
}
