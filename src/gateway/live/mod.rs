//! What one instance holds in memory about the orders that payers look at just now: subscriptions, request coalescing with a
//! fair queue, and a cache of paid deals. It is all behind one lock, which is never held across a call.
//!
//! It makes no call by itself. It says what is to be asked ([`Question`]), and the gateway asks and tells it the outcome.
//! `E` is the gateway's word for why WeChat could not be asked.

mod budget;
mod line;
mod order_view;
mod paid;
mod polled;
mod queries;
mod question;
mod subscription;
mod subscriptions;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

use crate::clock::Clock;
use crate::deal::{AccountId, OrderId, Route, Timestamp};

use paid::PaidDeals;
use queries::Queries;
use subscriptions::Subscriptions;

pub use order_view::{Facts, OrderView};
pub use polled::Turn;
pub use question::{Question, Waiting};
pub use subscription::Subscription;

/// All of it. Cheap to clone; all clones are the same.
#[derive(Debug)]
pub struct Live<E>(Arc<Shared<E>>);

#[derive(Debug)]
struct Shared<E> {
    state: Mutex<State<E>>,
    touched: Notify,
}

#[derive(Debug)]
struct State<E> {
    queries: Queries<E>,
    subscriptions: Subscriptions,
    paid: PaidDeals,
}

impl<E: Clone> Live<E> {
    /// Empty, with so many calls a second for waiting payers of each account.
    pub fn new(calls_per_second: impl IntoIterator<Item = (AccountId, u32)>) -> Self {
        let state = State { queries: Queries::new(calls_per_second), subscriptions: Subscriptions::default(), paid: PaidDeals::default() };
        Self(Arc::new(Shared { state: Mutex::new(state), touched: Notify::new() }))
    }

    /// A payer's page polls: the answer that there is or will be; and a question, if this caller is to ask it now.
    pub fn take_turn(&self, route: &Route, facts: Facts, clock: &Clock) -> (Turn<E>, Option<Question<E>>) {
        self.lock().queries.take_turn(route, facts, clock)
    }

    /// The questions whose turn has come, as far as the budget reaches. An order that is watched stands in line as if a page
    /// polled.
    pub fn questions(&self, clock: &Clock) -> Vec<Question<E>> {
        let now = clock.ticks();
        let mut state = self.lock();
        let State { queries, subscriptions, paid } = &mut *state;
        for (route, facts) in subscriptions.take_due(now) {
            // What there is already is told to the subscribers by the task that asks.
            let _ = queries.stand_in_line(&route, facts, now);
        }
        queries.next(clock, |order_id| paid.view(order_id, now).is_some())
    }

    /// Takes a call of an account's budget for something else than an order, if no payer waits for it.
    pub fn spare_call(&self, account: &AccountId, clock: &Clock) -> bool {
        self.lock().queries.spare_call(account, clock.ticks())
    }

    /// Subscribes to an order that stands so as far as is known, and about which WeChat is asked now; `asked` is `None` for one
    /// about which it cannot be asked.
    pub fn subscribe(&self, route: &Route, known: OrderView, asked: Option<Duration>) -> Subscription<E> {
        let told = self.lock().subscriptions.join(route, known, asked);
        Subscription::new(self.clone(), route.order_id().clone(), told)
    }

    /// Tells the listeners how an order stands, if that is news.
    pub fn tell(&self, order_id: &OrderId, view: &OrderView) {
        self.lock().subscriptions.tell(order_id, view);
    }

    /// Says that an order has been decided by this instance, so that its listeners are told without waiting.
    pub fn touch(&self, order_id: &OrderId) {
        if self.lock().subscriptions.touch(order_id) {
            self.0.touched.notify_one();
        }
    }

    /// The orders that were touched, once there are any.
    pub async fn touched(&self) -> Vec<OrderId> {
        loop {
            self.0.touched.notified().await;
            let touched = self.lock().subscriptions.take_touched();
            if !touched.is_empty() {
                return touched;
            }
        }
    }

    /// The watched orders of which more may be heard.
    pub fn undecided(&self) -> Vec<OrderId> {
        self.lock().subscriptions.undecided()
    }

    /// How a deal stands that is known to be paid. `now` is by the clock's ticks.
    pub fn paid(&self, order_id: &OrderId, now: Duration) -> Option<OrderView> {
        self.lock().paid.view(order_id, now)
    }

    /// Remembers what never changes of a deal.
    pub fn note_facts(&self, order_id: &OrderId, facts: Facts) {
        self.lock().paid.note_facts(order_id, facts);
    }

    /// What was remembered of a deal's payment is so no more: money goes back, so its row is looked at again.
    pub fn forget_payment(&self, order_id: &OrderId) {
        self.lock().paid.forget_payment(order_id);
    }

    /// Remembers that the payment of a deal is stored.
    pub fn note_payment(&self, order_id: &OrderId, paid_at: Timestamp, is_refunded: bool, now: Duration) {
        self.lock().paid.note_payment(order_id, paid_at, is_refunded, now);
    }
}

impl<E> Live<E> {
    fn lock(&self) -> MutexGuard<'_, State<E>> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<E> Clone for Live<E> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}
