//! Many payers' pages poll; WeChat is asked at most once a second about an order, by all of them together, and at
//! most `query_budget` times a second in all.

use std::collections::HashMap;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared};

use crate::clock::Clock;
use crate::deal::{OrderId, Timestamp};
use crate::wechat::{CallError, Doubt};

use super::{GatewayError, OrderView};

const SECOND: Duration = Duration::from_secs(1);
/// An answer of WeChat's counts as present for so long.
const FRESH: Duration = SECOND;
/// Orders remembered before the old ones are forgotten.
const REMEMBERED: usize = 20_000;

type Answer = Result<OrderView, Arc<GatewayError>>;
type SharedAnswer = Shared<BoxFuture<'static, Answer>>;

/// What a poll gets.
pub enum Turn {
    /// The answer of a call that is under way, begun by this poll or another one.
    Shared(SharedAnswer),
    /// WeChat was asked within the last second, and this is what it said.
    Recent(OrderView),
    /// No more calls this second.
    NotNow,
}

#[derive(Debug)]
pub struct Polls(Mutex<State>);

#[derive(Debug)]
struct State {
    orders: HashMap<OrderId, Poll>,
    budget: Budget,
}

/// The last call about one order.
#[derive(Debug)]
struct Poll {
    /// By [`Clock::ticks`].
    begun: Duration,
    begun_at: Timestamp,
    answer: SharedAnswer,
}

impl Polls {
    pub fn new(calls_per_second: u32) -> Self {
        Self(Mutex::new(State { orders: HashMap::new(), budget: Budget::new(calls_per_second) }))
    }

    /// How many calls could begin now.
    pub fn affordable(&self, now: Duration) -> u32 {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).budget.affordable(now)
    }

    /// Joins the call about this order that is under way, takes the answer of one that has just ended, or begins one.
    /// A call once begun goes on by itself, whoever stops waiting.
    pub fn take_turn<F>(&self, order_id: &OrderId, clock: &Clock, ask: impl FnOnce() -> F) -> Turn
    where
        F: Future<Output = Answer> + Send + 'static,
    {
        let now = clock.ticks();
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(poll) = state.orders.get(order_id) {
            match poll.answer.peek() {
                None => return Turn::Shared(poll.answer.clone()),
                Some(Ok(view)) if now < poll.begun + FRESH => {
                    return Turn::Recent(OrderView { as_of: view.as_of.or(Some(poll.begun_at)), ..view.clone() });
                }
                // A failure is shared by those who waited for it; within the second others get it too.
                Some(Err(_)) if now < poll.begun + FRESH => return Turn::Shared(poll.answer.clone()),
                Some(_) => {}
            }
        }
        if !state.budget.take(now) {
            return match state.orders.get(order_id).and_then(|poll| poll.answer.peek().map(|answer| (poll.begun_at, answer))) {
                Some((begun_at, Ok(view))) => Turn::Recent(OrderView { as_of: view.as_of.or(Some(begun_at)), ..view.clone() }),
                _ => Turn::NotNow,
            };
        }
        if state.orders.len() >= REMEMBERED {
            state.orders.retain(|_, poll| poll.answer.peek().is_none() || now < poll.begun + FRESH);
        }
        let lost = order_id.clone();
        // A panic has been reported where it happened.
        let panicked = |_| Err(Arc::new(GatewayError::Upstream(lost, CallError::Unknown(Doubt::Broken))));
        let answer = AssertUnwindSafe(ask()).catch_unwind().map(|answer| answer.unwrap_or_else(panicked)).boxed().shared();
        // Driven to its end by a task of its own, so that it is over when it is over, whoever has stopped waiting.
        tokio::spawn(answer.clone());
        state.orders.insert(order_id.clone(), Poll { begun: now, begun_at: clock.now(), answer: answer.clone() });
        Turn::Shared(answer)
    }
}

/// A bucket that holds one second's calls and fills steadily.
#[derive(Debug)]
struct Budget {
    per_second: u32,
    spent: Duration,
    since: Duration,
}

impl Budget {
    fn new(per_second: u32) -> Self {
        Self { per_second, spent: Duration::ZERO, since: Duration::ZERO }
    }

    fn affordable(&mut self, now: Duration) -> u32 {
        self.spent = self.spent.saturating_sub(now.saturating_sub(self.since));
        self.since = now;
        let left = SECOND.saturating_sub(self.spent).as_nanos() * u128::from(self.per_second) / SECOND.as_nanos();
        u32::try_from(left).unwrap_or(u32::MAX)
    }

    fn take(&mut self, now: Duration) -> bool {
        let affordable = self.affordable(now) > 0;
        if affordable {
            // Each call costs its share of a second; time pays it back.
            self.spent += SECOND / self.per_second;
        }
        affordable
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_budget_lets_through_what_it_says_and_fills_again() {
        let start = Duration::from_secs(7);
        let mut budget = Budget::new(100);
        let taken = |budget: &mut Budget, at: Duration| (0..1000).filter(|_| budget.take(at)).count();
        assert_eq!(taken(&mut budget, start), 100);
        assert_eq!(taken(&mut budget, start + Duration::from_millis(100)), 10);
        assert_eq!(taken(&mut budget, start + Duration::from_secs(60)), 100, "unused seconds are not saved up");
        assert_eq!(taken(&mut Budget::new(0), start), 0);
    }
}
