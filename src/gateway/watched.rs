//! The orders that somebody watches just now, and what is known of each.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, watch};

use crate::deal::{OrderId, Timestamp};

use super::OrderView;

/// How long WeChat is left alone about an order: inside the three seconds after which a payer begins to worry.
const ASK_AGAIN: Duration = Duration::from_millis(1500);

/// All of them. Cheap to clone; all clones are the same.
#[derive(Debug, Clone, Default)]
pub struct Watched(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    state: Mutex<State>,
    touched: Notify,
}

#[derive(Debug, Default)]
struct State {
    orders: HashMap<OrderId, Order>,
    touched: Vec<OrderId>,
}

#[derive(Debug)]
struct Order {
    /// What was last told. It never changes back from a final state.
    told: watch::Sender<OrderView>,
    /// When WeChat was last asked for those who watch, by the clock's ticks; `None`: it is not WeChat's, and never asked about.
    asked: Option<Duration>,
}

/// One who watches; the order is forgotten with the last of them.
#[derive(Debug)]
pub struct Watch {
    all: Watched,
    order_id: OrderId,
    told: Option<watch::Receiver<OrderView>>,
}

impl Watched {
    /// Begins to watch an order that stands so as far as is known, and about which WeChat is asked now, unless it is another's.
    pub fn join(&self, order_id: &OrderId, known: OrderView, asked: Option<Duration>) -> Watch {
        let mut state = self.lock();
        let order = state.orders.entry(order_id.clone()).or_insert_with(|| Order { told: watch::Sender::new(known), asked });
        Watch { all: self.clone(), order_id: order_id.clone(), told: Some(order.told.subscribe()) }
    }

    /// Tells those who watch it how an order stands, if that is news.
    pub fn tell(&self, order_id: &OrderId, view: &OrderView) {
        let state = self.lock();
        let Some(order) = state.orders.get(order_id) else { return };
        order.told.send_if_modified(|told| {
            let is_news = !told.is_final() && !is_same(told, view);
            if is_news {
                told.clone_from(view);
            }
            is_news
        });
    }

    /// Says that an order has been decided by this instance, so that it is looked at without waiting.
    pub fn touch(&self, order_id: &OrderId) {
        let mut state = self.lock();
        if state.orders.contains_key(order_id) {
            state.touched.push(order_id.clone());
            self.0.touched.notify_one();
        }
    }

    /// The orders that were touched, once there are any.
    pub async fn touched(&self) -> Vec<OrderId> {
        loop {
            self.0.touched.notified().await;
            let touched = std::mem::take(&mut self.lock().touched);
            if !touched.is_empty() {
                return touched;
            }
        }
    }

    /// Those of which more may be heard.
    pub fn undecided(&self) -> Vec<OrderId> {
        self.lock().undecided().map(|(order_id, _)| order_id.clone()).collect()
    }

    /// Those about which WeChat should be asked again. They count as asked.
    pub fn to_be_asked(&self, now: Duration) -> Vec<(OrderId, Option<Timestamp>)> {
        let mut state = self.lock();
        let is_due = |asked: Option<Duration>| asked.is_some_and(|asked| now >= asked + ASK_AGAIN);
        let orders = state.orders.iter_mut().filter(|(_, order)| is_due(order.asked) && !order.told.borrow().is_final());
        let due = orders.map(|(order_id, order)| {
            order.asked = Some(now);
            (order_id.clone(), order.told.borrow().expires_at)
        });
        due.collect()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn undecided(&self) -> impl Iterator<Item = (&OrderId, &Order)> {
        self.orders.iter().filter(|(_, order)| !order.told.borrow().is_final())
    }
}

impl Watch {
    /// What is known, news or not.
    pub fn known(&mut self) -> Option<OrderView> {
        self.told.as_mut().map(|told| told.borrow_and_update().clone())
    }

    /// What is known, once it is another state than this one.
    pub async fn news(&mut self, than: &OrderView) -> Option<OrderView> {
        let told = self.told.as_mut()?;
        let view = told.wait_for(|view| !is_same(view, than)).await.ok()?;
        Some(view.clone())
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let mut state = self.all.lock();
        self.told = None;
        if state.orders.get(&self.order_id).is_some_and(|order| order.told.receiver_count() == 0) {
            state.orders.remove(&self.order_id);
        }
    }
}

/// Whether who has heard the one hears nothing new by the other.
fn is_same(one: &OrderView, other: &OrderView) -> bool {
    (one.state, &one.description, one.paid_at) == (other.state, &other.description, other.paid_at)
}
