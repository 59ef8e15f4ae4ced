//! A fair queue within a rate limit: the order about which WeChat was not asked for longest goes first. Once the budget has
//! gone round, every order has had a turn, whenever its pages happen to poll.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::deal::OrderId;

use super::budget::Budget;

/// Since when an order has been waiting for a call, and which.
pub type Place = (Duration, OrderId);

/// The orders that wait for a call.
#[derive(Debug)]
pub struct Line {
    waiting: BTreeSet<Place>,
    budget: Budget,
}

impl Line {
    pub fn new(calls_per_second: u32) -> Self {
        Self { waiting: BTreeSet::new(), budget: Budget::new(calls_per_second) }
    }

    /// Lets an order wait; it keeps the place that it has.
    pub fn join(&mut self, place: Place) {
        self.waiting.insert(place);
    }

    pub fn leave(&mut self, place: &Place) {
        self.waiting.remove(place);
    }

    /// Takes this place out of the line, if it is the first and the budget allows a call.
    pub fn take(&mut self, place: &Place, now: Duration) -> bool {
        let is_its_turn = self.waiting.first() == Some(place) && self.budget.take(now);
        if is_its_turn {
            self.waiting.remove(place);
        }
        is_its_turn
    }

    /// Takes a call for what stands in no line, if no order waits and the budget allows one.
    pub fn spare(&mut self, now: Duration) -> bool {
        self.waiting.is_empty() && self.budget.take(now)
    }

    /// The order that is first in line.
    pub fn first(&self) -> Option<&Place> {
        self.waiting.first()
    }

    /// Lets only these wait on.
    pub fn retain(&mut self, is_waiting: impl Fn(&OrderId) -> bool) {
        self.waiting.retain(|(_, order_id)| is_waiting(order_id));
    }

    #[cfg(test)]
    pub fn len(&self) -> usize {
        self.waiting.len()
    }
}
