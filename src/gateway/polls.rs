//! Many payers' pages poll; WeChat is asked at most once a second about an order, by all of them together, and at
//! most `query_budget` times a second in all. When there are more orders than that, each has its turn: nobody is asked
//! about again before the budget could have gone round.

use std::collections::HashMap;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared};

use crate::clock::Clock;
use crate::deal::{OrderId, Timestamp};
use crate::trace::carried;
use crate::wechat::{CallError, Doubt};

use super::{GatewayError, OrderView};

const SECOND: Duration = Duration::from_secs(1);
/// An answer of WeChat's counts as present for so long.
const FRESH: Duration = SECOND;
/// Who has not polled during this time or the one before it is not waiting any more.
const ROUND: Duration = Duration::from_secs(5);
/// Orders remembered before the old ones are forgotten.
const REMEMBERED: usize = 20_000;

type Answer = Result<OrderView, Arc<GatewayError>>;
type SharedAnswer = Shared<BoxFuture<'static, Answer>>;

/// What a poll gets.
pub enum Turn {
    /// The answer of a call that is under way, begun by this poll or another one.
    Shared(SharedAnswer),
    /// WeChat was asked a moment ago, or others have their turn, and this is what it said last.
    Recent(OrderView),
    /// Others have their turn, and WeChat has not said anything about this order yet.
    NotNow,
}

#[derive(Debug)]
pub struct Polls(Mutex<State>);

#[derive(Debug)]
struct State {
    orders: HashMap<OrderId, Poll>,
    budget: Budget,
    /// Which [`ROUND`] it is, and how many orders were polled in it and in the one before.
    round: u64,
    polled: usize,
    polled_before: usize,
}

/// An order that is polled.
#[derive(Debug, Default)]
struct Poll {
    /// The last round in which it was.
    round: Option<u64>,
    /// The last call about it.
    call: Option<Call>,
}

#[derive(Debug)]
struct Call {
    /// By [`Clock::ticks`].
    begun: Duration,
    begun_at: Timestamp,
    answer: SharedAnswer,
}

impl Call {
    /// What WeChat said, if it has answered.
    fn said(&self) -> Option<Turn> {
        let view = self.answer.peek()?.as_ref().ok()?;
        Some(Turn::Recent(OrderView { as_of: view.as_of.or(Some(self.begun_at)), ..view.clone() }))
    }
}

impl State {
    /// Takes note of a poll, unless more orders are polled than can be remembered.
    fn note(&mut self, order_id: &OrderId, now: Duration) {
        let round = now.as_secs() / ROUND.as_secs();
        if round != self.round {
            self.polled_before = if round == self.round + 1 { self.polled } else { 0 };
            (self.round, self.polled) = (round, 0);
            if self.orders.len() >= REMEMBERED {
                self.orders.retain(|_, poll| poll.round.is_some_and(|last| last + 1 >= round));
            }
        }
        if self.orders.len() < REMEMBERED || self.orders.contains_key(order_id) {
            let poll = self.orders.entry(order_id.clone()).or_default();
            self.polled += usize::from(poll.round.replace(round) != Some(round));
        }
    }

    /// How long after one call about an order the next may come: as long as it takes to ask about all of them.
    fn pause(&self) -> Duration {
        let orders = u32::try_from(self.polled.max(self.polled_before)).unwrap_or(u32::MAX);
        FRESH.max(FRESH * orders / self.budget.per_second.max(1))
    }
}

impl Polls {
    pub fn new(calls_per_second: u32) -> Self {
        let budget = Budget::new(calls_per_second);
        Self(Mutex::new(State { orders: HashMap::new(), budget, round: 0, polled: 0, polled_before: 0 }))
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
        state.note(order_id, now);
        let pause = state.pause();
        let Some(poll) = state.orders.get(order_id) else { return Turn::NotNow };
        let said = || poll.call.as_ref().and_then(Call::said).unwrap_or(Turn::NotNow);
        if let Some(call) = &poll.call {
            let age = now.saturating_sub(call.begun);
            match call.answer.peek() {
                None => return Turn::Shared(call.answer.clone()),
                // A failure is shared by those who waited for it; within the second others get it too.
                Some(Err(_)) if age < FRESH => return Turn::Shared(call.answer.clone()),
                Some(_) if age < pause => return said(),
                Some(_) => {}
            }
        }
        let said = said();
        if !state.budget.take(now) {
            return said;
        }
        let lost = order_id.clone();
        // A panic has been reported where it happened.
        let panicked = |_| Err(Arc::new(GatewayError::Upstream(lost, CallError::Unknown(Doubt::Broken))));
        let answer = AssertUnwindSafe(carried(ask())).catch_unwind().map(|answer| answer.unwrap_or_else(panicked)).boxed().shared();
        // Driven to its end by a task of its own, so that it is over when it is over, whoever has stopped waiting.
        tokio::spawn(answer.clone());
        if let Some(poll) = state.orders.get_mut(order_id) {
            poll.call = Some(Call { begun: now, begun_at: clock.now(), answer: answer.clone() });
        }
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
    use chrono::TimeDelta;

    use super::*;
    use crate::wechat::TradeState;

    fn order(number: u64) -> OrderId {
        number.to_string().parse().unwrap()
    }

    async fn unpaid() -> Answer {
        Ok(OrderView::new(TradeState::NotPay, None, None))
    }

    /// Polls, and whether WeChat was asked for it. The call is over before the next poll.
    async fn asks(polls: &Polls, clock: &Clock, number: u64) -> bool {
        match polls.take_turn(&order(number), clock, unpaid) {
            Turn::Shared(answer) => answer.await.is_ok(),
            Turn::Recent(_) | Turn::NotNow => false,
        }
    }

    #[tokio::test]
    async fn every_order_has_its_turn_when_the_budget_is_short() {
        let (polls, clock) = (Polls::new(10), Clock::simulated("2026-04-01T04:00:00Z".parse().unwrap()));
        let mut asked = HashMap::<u64, u32>::new();
        // 200 payers poll every two seconds: twenty seconds until each has had its turn, ten calls a second.
        for tenth in 0..400u64 {
            for number in (0..200).filter(|number| number % 20 == tenth % 20) {
                if asks(&polls, &clock, number).await {
                    *asked.entry(number).or_default() += 1;
                }
            }
            clock.advance(TimeDelta::milliseconds(100));
        }
        let turns = |number: u64| asked.get(&number).copied().unwrap_or(0);
        assert!((0..200).all(|number| (1..=3).contains(&turns(number))), "{asked:?}");
        assert!(asked.values().sum::<u32>() >= 380, "and nothing of the budget is left unused");
    }

    #[tokio::test]
    async fn those_who_have_left_keep_nobody_waiting() {
        let (polls, clock) = (Polls::new(10), Clock::simulated("2026-04-01T04:00:00Z".parse().unwrap()));
        for number in 0..200 {
            asks(&polls, &clock, number).await;
        }
        clock.advance(TimeDelta::seconds(11));
        assert!(asks(&polls, &clock, 0).await);
        clock.advance(TimeDelta::seconds(1));
        assert!(asks(&polls, &clock, 0).await, "alone it is asked about every second");
    }

    #[tokio::test]
    async fn what_is_remembered_is_bounded() {
        let (polls, clock) = (Polls::new(10), Clock::simulated("2026-04-01T04:00:00Z".parse().unwrap()));
        let polled = REMEMBERED as u64 + 1000;
        for number in 0..polled {
            asks(&polls, &clock, number).await;
        }
        assert_eq!(polls.0.lock().unwrap().orders.len(), REMEMBERED);
        clock.advance(TimeDelta::seconds(11));
        assert!(asks(&polls, &clock, polled).await, "others have left, so there is room");
    }

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
