//! Subscriptions: the orders whose events pages listen to just now, and what is known of each.

use std::collections::HashMap;
use std::time::Duration;

use tokio::sync::watch;

use crate::deal::{OrderId, Route};

use super::{Facts, OrderView};

/// How long WeChat is left alone about an order: inside the three seconds after which a payer begins to worry.
const ASK_AGAIN: Duration = Duration::from_millis(1500);

/// The orders that are watched. Times are those of the clock's ticks.
#[derive(Debug, Default)]
pub struct Subscriptions {
    orders: HashMap<OrderId, Watched>,
    /// Decided by this instance, and not looked at yet.
    touched: Vec<OrderId>,
}

#[derive(Debug)]
struct Watched {
    route: Route,
    /// What was last told. It never changes back from a final state.
    told: watch::Sender<OrderView>,
    /// When WeChat was last asked for its listeners; `None`: it cannot be asked about this order.
    asked: Option<Duration>,
}

impl Watched {
    fn is_final(&self) -> bool {
        self.told.borrow().is_final()
    }
}

impl Subscriptions {
    /// Subscribes to an order that stands so as far as is known, and about which WeChat was asked then.
    pub fn join(&mut self, route: &Route, known: OrderView, asked: Option<Duration>) -> watch::Receiver<OrderView> {
        let watched = || Watched { route: route.clone(), told: watch::Sender::new(known), asked };
        let order = self.orders.entry(route.order_id().clone()).or_insert_with(watched);
        order.told.subscribe()
    }

    /// Forgets an order without listeners.
    pub fn tidy(&mut self, order_id: &OrderId) {
        if self.orders.get(order_id).is_some_and(|order| order.told.receiver_count() == 0) {
            self.orders.remove(order_id);
        }
    }

    /// Tells the listeners how an order stands, if that is news.
    pub fn tell(&mut self, order_id: &OrderId, view: &OrderView) {
        let Some(order) = self.orders.get(order_id) else { return };
        order.told.send_if_modified(|told| {
            let is_news = !told.is_final() && !told.is_same_news(view);
            if is_news {
                told.clone_from(view);
            }
            is_news
        });
    }

    /// Remembers that a watched order was decided by this instance; `false`: it is not watched.
    pub fn touch(&mut self, order_id: &OrderId) -> bool {
        let is_watched = self.orders.contains_key(order_id);
        if is_watched {
            self.touched.push(order_id.clone());
        }
        is_watched
    }

    pub fn take_touched(&mut self) -> Vec<OrderId> {
        std::mem::take(&mut self.touched)
    }

    /// Those of which more may be heard.
    pub fn undecided(&self) -> Vec<OrderId> {
        self.orders.iter().filter(|(_, order)| !order.is_final()).map(|(order_id, _)| order_id.clone()).collect()
    }

    /// Those about which WeChat should be asked again, with what its answers tell beside. They count as asked.
    pub fn take_due(&mut self, now: Duration) -> Vec<(Route, Facts)> {
        let is_due = |order: &Watched| order.asked.is_some_and(|asked| now >= asked + ASK_AGAIN) && !order.is_final();
        let due = self.orders.values_mut().filter(|order| is_due(order)).map(|order| {
            order.asked = Some(now);
            (order.route.clone(), order.told.borrow().facts.clone())
        });
        due.collect()
    }
}
