//! Telling a payer's page at once how its checkout stands: by the events of the deals that it has, and by a look from time to time at
//! which deals these are, since another device may open one more.

use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::{pending, select_all};

use tokio::time::timeout;

use crate::deal::{CheckoutId, OrderId, Reach};

use super::query_checkout::CheckoutView;
use super::{Events, Gateway, GatewayError, OrderView};

/// How often it is looked whether the checkout has one deal more, or another instance has decided it.
const LOOK_AGAIN: Duration = Duration::from_secs(3);

/// How a checkout stands, and every change of that, until it is decided.
#[derive(Debug)]
pub struct CheckoutEvents {
    gateway: Arc<Gateway>,
    checkout_id: CheckoutId,
    last: Option<CheckoutView>,
    deals: Vec<Watched>,
}

/// A deal of the checkout's.
#[derive(Debug)]
struct Watched {
    order_id: OrderId,
    events: Events,
    /// As it was last told.
    view: OrderView,
}

impl CheckoutEvents {
    /// The present state at first, then the next change; nothing once the checkout is decided, or the store cannot tell.
    pub async fn next(&mut self) -> Option<CheckoutView> {
        if self.last.as_ref().is_some_and(CheckoutView::is_final) {
            return None;
        }
        loop {
            if self.last.is_some() {
                self.wait().await;
            }
            let view = self.look().await.ok()?;
            if self.last.as_ref().is_none_or(|last| !view.view.is_same_news(&last.view)) {
                self.last = Some(view.clone());
                return Some(view);
            }
        }
    }

    /// The checkout as it is stored, with what its deals were heard to be.
    async fn look(&mut self) -> Result<CheckoutView, Arc<GatewayError>> {
        let checkout = self.gateway.find_checkout(&self.checkout_id, &Reach::default()).await?;
        if checkout.paid_by.is_some() {
            return self.gateway.stored_checkout(checkout).await;
        }
        let is_over = self.gateway.is_surely_over(&checkout);
        for deal in self.gateway.store().find_attempts(&self.checkout_id).await? {
            if self.deals.iter().all(|watched| watched.order_id != deal.order_id) {
                let mut events = self.gateway.events(deal.order_id.clone(), &Reach::default()).await?;
                let view = events.next().await.unwrap_or_else(|| self.gateway.stored_view(&deal));
                self.deals.push(Watched { order_id: deal.order_id, events, view });
            }
        }
        let views: Vec<_> = self.deals.iter().map(|watched| watched.view.clone()).collect();
        Ok(self.gateway.view_of(checkout, is_over, &views))
    }

    /// Until one of its deals tells something, or it is time to look.
    async fn wait(&mut self) {
        let told = self.deals.iter_mut().map(|watched| {
            let told = async {
                match watched.events.next().await {
                    Some(view) => watched.view = view,
                    // It is decided.
                    None => pending().await,
                }
            };
            told.boxed()
        });
        let told: Vec<_> = told.chain([pending().boxed()]).collect();
        let _ = timeout(LOOK_AGAIN, select_all(told)).await;
    }
}

impl Gateway {
    /// How a checkout stands, and every change of that, for a caller with this reach.
    ///
    /// # Errors
    /// [`GatewayError::NotFound`] and [`GatewayError::Store`].
    pub async fn checkout_events(self: &Arc<Self>, checkout_id: CheckoutId, reach: &Reach) -> Result<CheckoutEvents, GatewayError> {
        self.find_checkout(&checkout_id, reach).await?;
        Ok(CheckoutEvents { gateway: Arc::clone(self), checkout_id, last: None, deals: Vec::new() })
    }
}
