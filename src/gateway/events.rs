//! Telling a payer's page at once how its order stands.
//!
//! What this instance decides it tells its own listeners in the moment. For what others decide the database is the meeting
//! place: once a second one statement asks which of all the orders watched here are decided, however many listen; without
//! listeners there is none. It asks for states and not for the journal's new entries: a tail of `deal_event` would cost less
//! with many listeners and little traffic, but numbers of an auto-increment are committed out of order, so that it would
//! have to look back, and the service that this one replaces marks rows paid and writes no entry. 10,000 watched orders
//! cost a database about a tenth of a second of one core, each second; a hundred, a thousandth.
//!
//! While a page listens a payer is waiting, so a lost notification must not be waited for: WeChat is asked about
//! watched orders as if their pages polled, out of the same budget ([`Live::questions`](super::live::Live::questions)).

use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout;

use crate::channel::TradeState;
use crate::deal::{OrderId, Reach};
use crate::store::StoreError;

use super::live::{Subscription, Turn};
use super::poll::outcome;
use super::{Gateway, GatewayError, OrderView};

/// How long the first state waits for WeChat's word; then it is the stored one.
const FIRST: Duration = Duration::from_secs(1);

/// How an order stands, and every change of that, until it is decided.
#[derive(Debug)]
pub struct Events {
    first: Option<OrderView>,
    last: OrderView,
    subscription: Option<Subscription<Arc<GatewayError>>>,
}

impl Events {
    fn new(first: OrderView, subscription: Option<Subscription<Arc<GatewayError>>>) -> Self {
        Self { last: first.clone(), first: Some(first), subscription }
    }

    /// The present state at first, then the next change; nothing once the order is decided.
    pub async fn next(&mut self) -> Option<OrderView> {
        if let Some(first) = self.first.take() {
            return Some(first);
        }
        if self.last.is_final() {
            return None;
        }
        self.last = self.subscription.as_mut()?.news(&self.last).await?;
        Some(self.last.clone())
    }
}

impl Gateway {
    /// How the deal stands, and every change of that, for a caller with this reach.
    ///
    /// # Errors
    /// [`GatewayError::NotFound`] and [`GatewayError::Store`].
    pub async fn events(self: &Arc<Self>, order_id: OrderId, reach: &Reach) -> Result<Events, Arc<GatewayError>> {
        let deal = self.load_within(&order_id, reach).await?;
        Self::is_about(&order_id, &deal.account);
        if let Some(view) = OrderView::decided(&deal) {
            return Ok(Events::new(view, None));
        }
        // What is decided between the look and this, the next statement finds.
        let stored = OrderView::undecided(TradeState::NotPay, (&deal).into());
        let (can_ask, route) = (self.can_ask(&deal), deal.route());
        let mut subscription = self.live.subscribe(&route, stored.clone(), can_ask.then(|| self.clock.ticks()));
        let turn = if can_ask { self.poll(&route, (&deal).into()) } else { Turn::NotNow };
        let heard = match turn {
            Turn::Shared(waiting) => timeout(FIRST, outcome(waiting, &order_id)).await.ok().and_then(Result::ok),
            Turn::Recent(view) => Some(view),
            Turn::NotNow => None,
        };
        let known = subscription.known().unwrap_or(stored);
        let first = match heard {
            Some(view) if !known.is_final() => view,
            None if !known.is_final() => OrderView { as_of: Some(self.clock.now()), ..known },
            _ => known,
        };
        Ok(Events::new(first, Some(subscription)))
    }

    /// The orders that are watched here and not decided as far as is known.
    pub fn watched_orders(&self) -> Vec<OrderId> {
        self.live.undecided()
    }

    /// The watched orders that this instance has decided, as soon as there are any.
    pub async fn decided_orders(&self) -> Vec<OrderId> {
        self.live.touched().await
    }

    /// Tells the listeners of these orders which are decided, by one statement for all of them.
    ///
    /// # Errors
    /// The store could not say; they are at the next look.
    pub async fn tell_watchers(&self, order_ids: Vec<OrderId>) -> Result<(), StoreError> {
        if order_ids.is_empty() {
            return Ok(());
        }
        for deal in self.store.find_decided(&order_ids).await? {
            if let Some(view) = OrderView::decided(&deal) {
                self.live.tell(&deal.order_id, &view);
            }
        }
        Ok(())
    }
}
