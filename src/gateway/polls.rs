//! Many payers' pages poll; WeChat is asked at most once a second about an order, by all of them together, and at
//! most `query_budget` times a second in all. When there are more orders than that, they stand in line, and that one goes
//! first about which WeChat was not asked for longest: with the budget once round, everybody has had a turn, whenever
//! their pages happen to poll.

use std::collections::{BTreeSet, HashMap};
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared};

use crate::channel::{CallError, Doubt};
use crate::clock::Clock;
use crate::deal::{OrderId, Timestamp};
use crate::trace::carried;

use super::{GatewayError, OrderView};

const SECOND: Duration = Duration::from_secs(1);
/// An answer of WeChat's counts as present for so long.
const FRESH: Duration = SECOND;
/// Who has not polled for so long is not waiting any more.
const LEFT: Duration = Duration::from_secs(10);
/// Orders that are remembered at most.
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
    /// Those that wait for a call, by [`Poll::since`].
    line: BTreeSet<(Duration, OrderId)>,
    budget: Budget,
    /// When those that nobody waits for were last forgotten.
    tidied: Duration,
}

/// An order that is polled. Times are those of [`Clock::ticks`].
#[derive(Debug)]
struct Poll {
    expires_at: Option<Timestamp>,
    first: Duration,
    last: Duration,
    /// The last call about it.
    call: Option<Call>,
}

#[derive(Debug)]
struct Call {
    begun: Duration,
    begun_at: Timestamp,
    answer: SharedAnswer,
}

impl Poll {
    /// How long it has been waiting for a call.
    fn since(&self) -> Duration {
        self.call.as_ref().map_or(self.first, |call| call.begun)
    }

    fn has_left(&self, now: Duration) -> bool {
        now.saturating_sub(self.last) > LEFT
    }

    /// What WeChat said last, if it has answered.
    fn said(&self) -> Turn {
        let said = self.call.as_ref().and_then(|call| {
            let view = call.answer.peek()?.as_ref().ok()?;
            Some(OrderView { as_of: view.as_of.or(Some(call.begun_at)), ..view.clone() })
        });
        said.map_or(Turn::NotNow, Turn::Recent)
    }

    /// The call that is under way or has just ended, for which there is nothing to wait in line.
    fn present(&self, now: Duration) -> Option<Turn> {
        let call = self.call.as_ref()?;
        let is_fresh = now.saturating_sub(call.begun) < FRESH;
        match call.answer.peek() {
            None => Some(Turn::Shared(call.answer.clone())),
            // A failure is shared by those who waited for it; within the second others get it too.
            Some(Err(_)) if is_fresh => Some(Turn::Shared(call.answer.clone())),
            Some(Ok(_)) if is_fresh => Some(self.said()),
            Some(_) => None,
        }
    }
}

impl State {
    /// Takes note of a poll, unless more orders are polled than can be remembered.
    fn note(&mut self, order_id: &OrderId, expires_at: Option<Timestamp>, now: Duration) -> Option<&mut Poll> {
        let is_full = self.orders.len() >= REMEMBERED;
        if now.saturating_sub(self.tidied) >= if is_full { SECOND } else { LEFT } {
            self.tidied = now;
            self.orders.retain(|_, poll| !poll.has_left(now));
            self.line.retain(|(_, order_id)| self.orders.contains_key(order_id));
        }
        if self.orders.len() >= REMEMBERED && !self.orders.contains_key(order_id) {
            return None;
        }
        let poll = self.orders.entry(order_id.clone()).or_insert(Poll { expires_at, first: now, last: now, call: None });
        poll.last = now;
        Some(poll)
    }

    fn leave(&mut self, order_id: &OrderId) {
        if let Some(poll) = self.orders.remove(order_id) {
            self.line.remove(&(poll.since(), order_id.clone()));
        }
    }
}

impl Polls {
    pub fn new(calls_per_second: u32) -> Self {
        let budget = Budget::new(calls_per_second);
        Self(Mutex::new(State { orders: HashMap::new(), line: BTreeSet::new(), budget, tidied: Duration::ZERO }))
    }

    /// Joins the call about this order that is under way, takes the answer of one that has just ended, or stands in line;
    /// and begins a call, if it is first there and the budget allows one. A call once begun goes on by itself, whoever stops
    /// waiting.
    pub fn take_turn<F>(&self, order_id: &OrderId, expires_at: Option<Timestamp>, clock: &Clock, ask: impl FnOnce() -> F) -> Turn
    where
        F: Future<Output = Answer> + Send + 'static,
    {
        let now = clock.ticks();
        let mut state = self.lock();
        let Some(poll) = state.note(order_id, expires_at, now) else { return Turn::NotNow };
        if let Some(present) = poll.present(now) {
            return present;
        }
        let (place, said) = ((poll.since(), order_id.clone()), poll.said());
        state.line.insert(place.clone());
        if state.line.first() != Some(&place) || !state.budget.take(now) {
            return said;
        }
        state.line.remove(&place);
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

    /// Who is first in line, if the budget allows a call. Who is not waiting any more loses the place.
    pub fn first_in_line(&self, clock: &Clock) -> Option<(OrderId, Option<Timestamp>)> {
        let now = clock.ticks();
        let mut state = self.lock();
        loop {
            let (_, order_id) = state.line.first()?.clone();
            match state.orders.get(&order_id) {
                Some(poll) if !poll.has_left(now) => {
                    let expires_at = poll.expires_at;
                    return (state.budget.affordable(now) > 0).then_some((order_id, expires_at));
                }
                _ => _ = state.line.pop_first(),
            }
        }
    }

    /// Nobody needs to ask about this order any more.
    pub fn leave(&self, order_id: &OrderId) {
        self.lock().leave(order_id);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
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
        self.since = self.since.max(now);
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
    use crate::channel::TradeState;

    fn order(number: u64) -> OrderId {
        number.to_string().parse().unwrap()
    }

    async fn unpaid() -> Answer {
        Ok(OrderView::new(TradeState::NotPay, None, None))
    }

    /// Polls, and whether WeChat was asked for it. The call is over before the next poll.
    async fn asks(polls: &Polls, clock: &Clock, number: u64) -> bool {
        match polls.take_turn(&order(number), None, clock, unpaid) {
            Turn::Shared(answer) => answer.await.is_ok(),
            Turn::Recent(_) | Turn::NotNow => false,
        }
    }

    /// Asks for those who are first in line as long as the budget allows it.
    async fn serve(polls: &Polls, clock: &Clock) -> Vec<u64> {
        let mut served = Vec::new();
        while let Some((order_id, _)) = polls.first_in_line(clock) {
            let number = order_id.as_str().parse().unwrap();
            assert!(asks(polls, clock, number).await);
            served.push(number);
        }
        served
    }

    #[tokio::test]
    async fn every_order_has_its_turn_when_the_budget_has_gone_round() {
        let (polls, clock) = (Polls::new(10), Clock::simulated("2026-04-01T04:00:00Z".parse().unwrap()));
        let (mut asked, mut longest) = (HashMap::<u64, u64>::new(), 0);
        // 200 payers poll every two seconds, ten calls a second: twenty seconds until each has had a turn.
        for tenth in 0..1000u64 {
            let mut now_asked = serve(&polls, &clock).await;
            for number in (0..200).filter(|number| number % 20 == tenth % 20) {
                if asks(&polls, &clock, number).await {
                    now_asked.push(number);
                }
            }
            for number in now_asked {
                let before = asked.insert(number, tenth).unwrap_or(number % 20);
                longest = longest.max(tenth - before);
            }
            clock.advance(TimeDelta::milliseconds(100));
        }
        assert_eq!(asked.len(), 200);
        assert!(asked.values().all(|last| 1000 - last <= 201), "{asked:?}");
        assert!((190..=201).contains(&longest), "somebody waited {longest} tenths of a second");
    }

    #[tokio::test]
    async fn who_waits_longest_is_asked_about_before_who_polls_just_now() {
        let (polls, clock) = (Polls::new(1), Clock::simulated("2026-04-01T04:00:00Z".parse().unwrap()));
        assert!(asks(&polls, &clock, 1).await);
        clock.advance(TimeDelta::milliseconds(100));
        assert!(!asks(&polls, &clock, 2).await, "the budget is spent");
        clock.advance(TimeDelta::milliseconds(1000));
        assert!(!asks(&polls, &clock, 3).await, "the second has been waiting longer");
        assert_eq!(serve(&polls, &clock).await, [2]);
        clock.advance(TimeDelta::milliseconds(1000));
        assert!(asks(&polls, &clock, 1).await, "about the first WeChat was asked before the third came");
        clock.advance(TimeDelta::milliseconds(1000));
        polls.leave(&order(3));
        assert_eq!(serve(&polls, &clock).await, [0; 0], "nobody is in line any more");
    }

    #[tokio::test]
    async fn those_who_have_left_keep_nobody_waiting() {
        let (polls, clock) = (Polls::new(10), Clock::simulated("2026-04-01T04:00:00Z".parse().unwrap()));
        for number in 0..200 {
            asks(&polls, &clock, number).await;
        }
        clock.advance(TimeDelta::seconds(11));
        assert_eq!(serve(&polls, &clock).await, [0; 0]);
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
        assert_eq!(polls.0.lock().unwrap().line.len(), 0);
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
