//! How a checkout stands: paid by one of its deals, or as its deals are that can still be paid.

use std::sync::Arc;

use futures_util::future::join_all;

use crate::channel::TradeState;
use crate::deal::{Checkout, CheckoutId, Deal, OrderId, Reach};

use super::live::Facts;
use super::{Gateway, GatewayError, OrderView};

/// How a checkout stands.
#[derive(Debug, Clone)]
pub struct CheckoutView {
    /// The checkout, as it is stored.
    pub checkout: Checkout,
    /// The state that its deals make together.
    pub view: OrderView,
    /// The deal that paid it.
    pub order_id: Option<OrderId>,
}

impl CheckoutView {
    /// Nothing more can happen to it.
    pub fn is_final(&self) -> bool {
        self.view.is_final()
    }
}

impl Gateway {
    /// How a checkout stands now, for a caller with this reach: about its deals that are not decided WeChat is asked as queryOrder does.
    ///
    /// # Errors
    /// [`GatewayError::NotFound`], and why WeChat could not be asked.
    pub async fn query_checkout(self: &Arc<Self>, checkout_id: &CheckoutId, reach: &Reach) -> Result<CheckoutView, Arc<GatewayError>> {
        let checkout = self.find_checkout(checkout_id, reach).await?;
        if checkout.paid_by.is_some() {
            return self.stored_checkout(checkout).await;
        }
        let is_over = self.is_surely_over(&checkout);
        let attempts = self.store.find_attempts(checkout_id).await?;
        let views: Vec<_> = join_all(attempts.iter().map(|deal| self.stands(deal))).await;
        // What WeChat said may have paid it.
        let checkout = self.find_checkout(checkout_id, reach).await?;
        if checkout.paid_by.is_some() {
            return self.stored_checkout(checkout).await;
        }
        let views = views.into_iter().collect::<Result<Vec<_>, _>>()?;
        Ok(self.view_of(checkout, is_over, &views))
    }

    /// The same by what is stored alone.
    ///
    /// # Errors
    /// The store cannot tell.
    pub(super) async fn stored_checkout(&self, checkout: Checkout) -> Result<CheckoutView, Arc<GatewayError>> {
        if let Some(order_id) = checkout.paid_by.clone() {
            let deal = self.load(&order_id).await?;
            let view = self.decided(&deal).unwrap_or_else(|| OrderView::undecided(TradeState::NotPay, (&deal).into()));
            return Ok(CheckoutView { checkout, view, order_id: Some(order_id) });
        }
        let is_over = self.is_surely_over(&checkout);
        let attempts = self.store.find_attempts(&checkout.checkout_id).await?;
        let views: Vec<_> = attempts.iter().map(|deal| self.stored_view(deal)).collect();
        Ok(self.view_of(checkout, is_over, &views))
    }

    pub(super) fn stored_view(&self, deal: &Deal) -> OrderView {
        OrderView::decided(deal).unwrap_or_else(|| OrderView::undecided(TradeState::NotPay, deal.into()))
    }

    /// Whether no payer can begin to pay it any more, whatever clock of ours he meets. To be asked before its deals are looked at: those
    /// are all only then.
    pub(super) fn is_surely_over(&self, checkout: &Checkout) -> bool {
        !checkout.is_open(self.surely_now())
    }

    /// What its deals make of a checkout that none of them has paid. `is_over`: they are all that it will ever have.
    pub(super) fn view_of(&self, checkout: Checkout, is_over: bool, attempts: &[OrderView]) -> CheckoutView {
        let undecided = || attempts.iter().filter(|view| !view.is_final());
        // The farthest that any payer has got counts.
        let farthest = |wanted: TradeState| undecided().find(|view| view.state == wanted);
        let told = [TradeState::UserPaying, TradeState::Accept, TradeState::PayError].into_iter().find_map(farthest);
        let facts = Facts::new(Some(checkout.expires_at), &checkout.details);
        let view = match told {
            Some(view) => OrderView { facts, ..view.clone() },
            None if is_over && undecided().next().is_none() => OrderView::undecided(TradeState::Closed, facts),
            None => OrderView::undecided(TradeState::NotPay, facts),
        };
        // Known no better than the oldest of what is known.
        let as_of = undecided().filter_map(|view| view.as_of).min();
        CheckoutView { checkout, view: OrderView { as_of, ..view }, order_id: None }
    }
}
