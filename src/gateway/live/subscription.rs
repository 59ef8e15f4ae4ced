//! One subscription: a page that listens to an order.

use tokio::sync::watch;

use crate::deal::OrderId;

use super::{Live, OrderView};

/// The order is forgotten with the last of its subscriptions.
#[derive(Debug)]
pub struct Subscription<E> {
    live: Live<E>,
    order_id: OrderId,
    /// `None` only while it ends.
    told: Option<watch::Receiver<OrderView>>,
}

impl<E> Subscription<E> {
    pub(super) fn new(live: Live<E>, order_id: OrderId, told: watch::Receiver<OrderView>) -> Self {
        Self { live, order_id, told: Some(told) }
    }

    /// What is known, news or not.
    pub fn known(&mut self) -> Option<OrderView> {
        self.told.as_mut().map(|told| told.borrow_and_update().clone())
    }

    /// What is known, once it is news to a listener that has heard this.
    pub async fn news(&mut self, heard: &OrderView) -> Option<OrderView> {
        let told = self.told.as_mut()?;
        let view = told.wait_for(|view| !view.is_same_news(heard)).await.ok()?;
        Some(view.clone())
    }
}

impl<E> Drop for Subscription<E> {
    fn drop(&mut self) {
        let mut state = self.live.lock();
        self.told = None;
        state.subscriptions.tidy(&self.order_id);
    }
}
