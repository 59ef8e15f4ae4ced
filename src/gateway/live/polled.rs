//! Request coalescing, one order of it: when it was polled, and what its last call has brought.

use std::time::Duration;

use crate::clock::Clock;
use crate::deal::{Route, Timestamp};

use super::question::{Progress, Waiting};
use super::{Facts, OrderView};

/// An answer of WeChat's counts as present for so long.
const FRESH: Duration = Duration::from_secs(1);
/// A payer whose page has not polled for so long is not waiting any more.
pub const LEFT: Duration = Duration::from_secs(10);

/// What a poll gets.
#[derive(Debug)]
pub enum Turn<E> {
    /// The answer of a call that is under way, begun by this poll or another one.
    Shared(Waiting<E>),
    /// WeChat was asked a moment ago, or others have their turn, and this is what it said last.
    Recent(OrderView),
    /// Others have their turn, and WeChat has not said anything about this order yet.
    NotNow,
}

/// An order that is polled. Times are those of [`Clock::ticks`].
#[derive(Debug)]
pub struct Polled<E> {
    route: Route,
    facts: Facts,
    first: Duration,
    last: Duration,
    /// The last call about it.
    call: Option<Call<E>>,
}

#[derive(Debug)]
struct Call<E> {
    begun: Duration,
    begun_at: Timestamp,
    answer: Waiting<E>,
}

impl<E: Clone> Polled<E> {
    pub fn new(route: Route, facts: Facts, now: Duration) -> Self {
        Self { route, facts, first: now, last: now, call: None }
    }

    /// It is polled again.
    pub fn polled(&mut self, now: Duration) {
        self.last = now;
    }

    /// WeChat is asked about it from now on.
    pub fn begin(&mut self, answer: Waiting<E>, clock: &Clock) {
        self.call = Some(Call { begun: clock.ticks(), begun_at: clock.now(), answer });
    }

    pub fn route(&self) -> &Route {
        &self.route
    }

    pub fn facts(&self) -> &Facts {
        &self.facts
    }

    /// How long it has been waiting for a call.
    pub fn since(&self) -> Duration {
        self.call.as_ref().map_or(self.first, |call| call.begun)
    }

    pub fn has_left(&self, now: Duration) -> bool {
        now.saturating_sub(self.last) > LEFT
    }

    /// What WeChat said last, if it has answered.
    pub fn said(&self) -> Turn<E> {
        self.call.as_ref().and_then(Call::said).map_or(Turn::NotNow, Turn::Recent)
    }

    /// The call that is under way or has just ended, for which there is nothing to wait in line.
    pub fn present(&self, now: Duration) -> Option<Turn<E>> {
        let call = self.call.as_ref()?;
        let is_fresh = now.saturating_sub(call.begun) < FRESH;
        match call.answer.progress() {
            Progress::UnderWay => Some(Turn::Shared(call.answer.clone())),
            // A failure is shared by the callers that waited for it; within the second others get it too.
            Progress::Failed if is_fresh => Some(Turn::Shared(call.answer.clone())),
            Progress::Answered(_) if is_fresh => Some(self.said()),
            Progress::Failed | Progress::Answered(_) => None,
        }
    }
}

impl<E: Clone> Call<E> {
    fn said(&self) -> Option<OrderView> {
        match self.answer.progress() {
            Progress::Answered(view) => Some(OrderView { as_of: view.as_of.or(Some(self.begun_at)), ..view }),
            Progress::UnderWay | Progress::Failed => None,
        }
    }
}
