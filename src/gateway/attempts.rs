//! The deals of one checkout side by side: one pays it, the others are closed, and what is paid by another way all the same goes back.

use std::collections::HashSet;

use tracing::warn;

use crate::channel::ProvenPayment;
use crate::deal::{Checkout, CheckoutId, Deal, DealStatus};
use crate::store::{EventKind, Origin, StoreError};

use super::{Gateway, GatewayError};

impl Gateway {
    /// Whether another deal has paid the checkout that this one is a way of.
    pub(super) async fn is_checkout_paid_otherwise(&self, deal: &Deal) -> Result<bool, StoreError> {
        let Some(checkout_id) = &deal.checkout_id else { return Ok(false) };
        Ok(self.store.find_checkout(checkout_id).await?.is_some_and(|checkout| is_paid_otherwise(&checkout, deal)))
    }

    /// The deal that has paid the checkout that this one is a way of; or else this one.
    pub(super) async fn that_paid(&self, deal: Deal) -> Result<Deal, GatewayError> {
        let Some(checkout_id) = &deal.checkout_id else { return Ok(deal) };
        let checkout = self.store.find_checkout(checkout_id).await?;
        match checkout.and_then(|checkout| checkout.paid_by) {
            Some(paid_by) => self.load(&paid_by).await,
            None => Ok(deal),
        }
    }

    /// Whether a payment is one of a checkout's, whose second payments go back whatever else is chosen.
    pub(super) async fn is_attempt(&self, payment: &ProvenPayment) -> Result<bool, StoreError> {
        let deal = self.store.find_to_finish(payment.order_id()).await?;
        Ok(deal.is_some_and(|deal| deal.checkout_id.is_some()))
    }

    /// A deal whose payment came after another one of its checkout's is decided by that: WeChat has signed that nobody can pay it any
    /// more, and its money is not the merchant's. It is never Paid, so that one purchase is told of once. That it cannot be written
    /// stops nothing: the deal is looked at again.
    pub(super) async fn give_up_paid_attempt(&self, payment: &ProvenPayment, origin: Origin) {
        let order_id = payment.order_id();
        let given_up = async {
            match self.store.find_to_finish(order_id).await? {
                Some(deal) if deal.status == DealStatus::Unpaid && self.is_checkout_paid_otherwise(&deal).await? => {
                    let event = self.event(order_id, EventKind::PaidOtherwise, origin);
                    self.store.mark_expired(order_id, payment.evidence(), event).await
                }
                _ => Ok(false),
            }
        };
        match given_up.await {
            Ok(true) => self.live.touch(order_id),
            Ok(false) => {}
            Err(error) => warn!(%order_id, %error, "a deal that was paid after its checkout could not be given up yet"),
        }
    }

    /// The checkouts of these deals that want no payment any more: paid, or given up.
    pub(super) async fn settled_checkouts<'a>(&self, deals: impl Iterator<Item = &'a Deal>) -> Result<HashSet<CheckoutId>, StoreError> {
        let checkouts = self.store.find_checkouts(deals.filter_map(|deal| deal.checkout_id.as_ref())).await?;
        Ok(checkouts.into_iter().filter(Checkout::is_settled).map(|checkout| checkout.checkout_id).collect())
    }
}

/// Whether another deal has paid the checkout.
pub(super) fn is_paid_otherwise(checkout: &Checkout, deal: &Deal) -> bool {
    checkout.paid_by.as_ref().is_some_and(|paid_by| *paid_by != deal.order_id)
}
