//! Fair queueing within a rate limit and a bulkhead: which of the items that are due a pass looks at.
//!
//! The items that are due stand in a line, the latest in front: after an outage those are the deals whose payers still wait.
//! But if only the front were served, then under more load than the budget bears the oldest would wait for ever. So each end
//! of the line has half of the calls: the end that has cost less so far is served next. Whatever comes due behind an item
//! delays it no more, and an item waits for twice the calls of those that came due before it, at the most.
//!
//! While WeChat is so slow that all places are taken, nothing is chosen: what is due stays so, and costs no lease and no socket.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// An end of the line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Latest,
    Oldest,
}

/// An item whose turn has come.
#[derive(Debug)]
pub struct Chosen<T> {
    pub item: T,
    pub share: Share,
    /// Among the items under way; kept until this one is done.
    pub place: OwnedSemaphorePermit,
}

/// What is set aside of the budget for an item.
#[derive(Debug, Clone, Copy)]
pub struct Share {
    end: End,
    calls: u32,
}

/// The budget, carried over from pass to pass, and what is under way.
#[derive(Debug)]
pub struct Pace {
    spent: Mutex<Spent>,
    /// A permit is out for each item under way; how many may be is each pass's to say.
    under_way: Arc<Semaphore>,
}

#[derive(Debug, Default)]
struct Spent {
    /// Calls that may still be made. Below zero after an item that cost more than was left: the next pass pays for it.
    left: i64,
    /// Calls that the latest have had beyond what the oldest have had.
    ahead: i64,
    /// Items that may be under way at once.
    places: usize,
}

impl Default for Pace {
    fn default() -> Self {
        Self { spent: Mutex::default(), under_way: Arc::new(Semaphore::new(Semaphore::MAX_PERMITS)) }
    }
}

impl Spent {
    fn spend(&mut self, end: End, calls: i64) {
        self.left -= calls;
        self.ahead += match end {
            End::Latest => calls,
            End::Oldest => -calls,
        };
    }
}

impl Pace {
    /// A pass begins, with so many calls, and places for what is under way. What a former one has left over is not saved up.
    pub fn refill(&self, calls: u32, places: usize) {
        let mut spent = self.spent();
        spent.places = places;
        spent.left = (spent.left + i64::from(calls)).min(i64::from(calls));
    }

    /// Takes those out of the line for which there are calls and places left; the first in line is the item that came due last.
    pub fn choose<T>(&self, line: &mut VecDeque<T>, calls_for: impl Fn(&T) -> u32) -> Vec<Chosen<T>> {
        let mut spent = self.spent();
        let mut chosen = Vec::new();
        while spent.left > 0 && Semaphore::MAX_PERMITS - self.under_way.available_permits() < spent.places {
            let Ok(place) = Arc::clone(&self.under_way).try_acquire_owned() else { break };
            let end = if spent.ahead <= 0 { End::Latest } else { End::Oldest };
            let next = match end {
                End::Latest => line.pop_front(),
                End::Oldest => line.pop_back(),
            };
            let Some(item) = next else { break };
            let calls = calls_for(&item);
            spent.spend(end, i64::from(calls));
            chosen.push(Chosen { item, share: Share { end, calls }, place });
        }
        chosen
    }

    /// Another instance has the lease: no call is made for it here.
    pub fn give_back(&self, share: Share) {
        self.settle(share, 0);
    }

    /// So many calls were really made for it.
    pub fn settle(&self, share: Share, made: u32) {
        self.spent().spend(share.end, i64::from(made) - i64::from(share.calls));
    }

    fn spent(&self) -> MutexGuard<'_, Spent> {
        self.spent.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Items that came due in the order of their numbers.
    fn line(numbers: impl DoubleEndedIterator<Item = i64>) -> VecDeque<i64> {
        numbers.rev().collect()
    }

    fn numbers(chosen: &[Chosen<i64>]) -> Vec<i64> {
        chosen.iter().map(|chosen| chosen.item).collect()
    }

    #[test]
    fn both_ends_of_the_line_are_served() {
        let pace = Pace::default();
        pace.refill(5, 100);
        assert_eq!(numbers(&pace.choose(&mut line(0..12), |_| 1)), [11, 0, 10, 1, 9]);
    }

    #[test]
    fn a_budget_of_one_call_serves_the_ends_in_turn() {
        let pace = Pace::default();
        let mut line = line(0..4);
        let passes = std::iter::repeat_with(|| {
            pace.refill(1, 100);
            numbers(&pace.choose(&mut line, |_| 1))
        });
        let served: Vec<_> = passes.take(4).flatten().collect();
        assert_eq!(served, [3, 0, 2, 1]);
    }

    #[test]
    fn a_dear_item_is_paid_for_by_the_passes_after_it() {
        let pace = Pace::default();
        let mut line = line(0..3);
        let served: Vec<usize> = (0..10)
            .map(|_| {
                pace.refill(1, 100);
                pace.choose(&mut line, |_| 4).len()
            })
            .collect();
        assert_eq!(served, [1, 0, 0, 0, 1, 0, 0, 0, 1, 0]);
    }

    #[test]
    fn what_is_given_back_can_be_spent_on_others() {
        let pace = Pace::default();
        pace.refill(2, 100);
        let mut line = line(0..4);
        for chosen in pace.choose(&mut line, |_| 1) {
            pace.give_back(chosen.share);
        }
        assert_eq!(numbers(&pace.choose(&mut line, |_| 1)), [2, 1]);
        assert!(pace.choose(&mut line, |_| 1).is_empty());
    }

    #[test]
    fn what_was_really_called_counts() {
        let pace = Pace::default();
        pace.refill(4, 100);
        let mut line = line(0..12);
        let dear = pace.choose(&mut line, |_| 4);
        pace.settle(dear[0].share, 6);
        pace.refill(4, 100);
        assert_eq!(pace.choose(&mut line, |_| 1).len(), 2, "two more were called than were set aside");
    }

    #[test]
    fn no_more_are_under_way_than_there_are_places() {
        let pace = Pace::default();
        pace.refill(10, 3);
        let mut line = line(0..12);
        let mut under_way = pace.choose(&mut line, |_| 1);
        assert_eq!(under_way.len(), 3);
        assert!(pace.choose(&mut line, |_| 1).is_empty());
        under_way.pop();
        assert_eq!(pace.choose(&mut line, |_| 1).len(), 1, "one is done");
        drop(under_way);
        let under_way = pace.choose(&mut line, |_| 1);
        pace.refill(10, 2);
        assert!(pace.choose(&mut line, |_| 1).is_empty(), "others want their share by now: {under_way:?}");
    }

    proptest! {
        /// Whatever arrives behind it: an item is served once twice the calls of those before it have been made.
        #[test]
        fn an_item_waits_for_twice_the_calls_before_it(before in 0..20i64, arrivals in 0..8i64, calls in 1..6u32, dear in 1..5u32) {
            let pace = Pace::default();
            let mut waiting = line(0..=before);
            let (mut next, mut passes) = (before + 1, 0);
            let most = (before + 1) * i64::from(dear);
            while waiting.contains(&before) {
                for _ in 0..arrivals {
                    waiting.push_front(next);
                    next += 1;
                }
                pace.refill(calls, 100);
                pace.choose(&mut waiting, |number| if number % 2 == 0 { dear } else { 1 });
                passes += 1;
                // A dear item at each end may be under way when its turn comes.
                prop_assert!((passes - 1) * i64::from(calls) <= 2 * most + 2 * i64::from(dear), "{passes} passes of {calls} calls");
            }
        }
    }
}
