//! A driver for whatever has a due time and a lease: an item that is due is acquired by its lease, moved on by a step, and
//! planned anew or done. The rate limit is shared fairly between the items that came due last and those that wait longest
//! ([`Pace`]).
//!
//! An instance that dies leaves items that come due again when their leases are over; and two instances at one item would do
//! no harm, for every write is guarded by itself. Whatever goes wrong in a step leaves the item due again. So what is due is
//! moved on within a bound, under any load: the pause between two looks, a lease that a dead instance has taken with it, and
//! the time that the budget takes for twice the calls of the items that came due before. (The budget is the lesser of the calls of
//! each pass and those that a slow WeChat answers, for only so many are under way.)

mod both;
mod calls;
mod pace;

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::TimeDelta;
use futures_util::future::join_all;

use crate::deal::{AccountId, Timestamp};
use crate::store::StoreError;

pub use both::Both;
pub use calls::Calls;
use pace::{Chosen, Pace};

/// Items read for one pass from each end of the line.
const BATCH: u32 = 1000;
/// So many passes' calls may be under way through all accounts together: twice what one has whose WeChat is silent, since a call
/// is given up after six seconds.
const PASSES_UNDER_WAY: u32 = 12;
/// An account's share of that, at least: however many accounts there are, one waits for a slow WeChat and looks at others meanwhile.
const LEAST_UNDER_WAY: usize = 8;

/// Items that are due.
#[derive(Debug)]
pub struct DueItems<T> {
    /// Those that came due last first.
    pub items: Vec<T>,
    /// There may be more than were read.
    pub is_cut: bool,
}

/// A kind of thing that is followed. All times are those of the database's clock, which all instances share.
pub trait Followed: Sync {
    /// One of them.
    type Item: Send + Sync;
    /// What became of one in a step, and what is to be planned.
    type Step: Send;

    /// The items that are due, but for those of the accounts `but_of`; when there are more, `limit` from each end of the line.
    fn due(
        &self,
        now: Timestamp,
        limit: u32,
        but_of: &[AccountId],
    ) -> impl Future<Output = Result<DueItems<Self::Item>, StoreError>> + Send;

    /// When it came due, by which it stands in line.
    fn due_at(&self, item: &Self::Item) -> Option<Timestamp>;

    /// Whose budget its calls are charged to.
    fn account<'a>(&self, item: &'a Self::Item) -> &'a AccountId;

    /// The calls that are set aside for its next step, and how long the lease for it is: longer than the step can take.
    fn terms(&self, item: &Self::Item) -> (u32, TimeDelta);

    /// Takes the lease, by moving its due time to `until` if that is still as it was read; `false` when another instance has it.
    fn acquire(&self, item: &Self::Item, until: Timestamp) -> impl Future<Output = bool> + Send;

    /// Moves it on, and counts the calls that were made for that.
    fn step(&self, item: &Self::Item, now: Timestamp, calls: &Calls) -> impl Future<Output = Self::Step> + Send;

    /// Writes down the step of an item whose lease was taken until `until`, and when it is due next. Of an item that was decided
    /// meanwhile this changes nothing.
    fn plan(&self, item: &Self::Item, until: Timestamp, step: Self::Step) -> impl Future<Output = ()> + Send;
}

/// What a pass did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Swept {
    /// Items that were due and read.
    pub due: usize,
    /// Of these, looked at by this pass.
    pub looked: u32,
    /// Calls that were made for that.
    pub calls: u32,
}

/// Follows one kind of thing within a budget for each account, which is carried over from pass to pass. Passes may overlap.
#[derive(Debug, Default)]
pub struct Follower {
    paces: Mutex<HashMap<AccountId, Arc<Pace>>>,
}

/// An item whose lease is this instance's.
struct Taken<T> {
    chosen: Chosen<T>,
    pace: Arc<Pace>,
    until: Timestamp,
}

impl Follower {
    /// One pass over what is due, for at most so many calls through each of so many accounts.
    ///
    /// # Errors
    /// The store could not tell what is due.
    pub async fn pass<F: Followed>(&self, followed: &F, now: Timestamp, calls: u32, accounts: u32) -> Result<Swept, StoreError> {
        let lines = read(followed, now, calls, accounts).await?;
        let read = lines.values().map(VecDeque::len).sum();
        let places = places(calls, lines.len());
        let taken = lines.into_iter().map(|(account, line)| {
            let pace = self.pace(&account);
            pace.refill(calls, places);
            self.take(followed, pace, line, now)
        });
        let mine: Vec<_> = join_all(taken).await.into_iter().flatten().collect();
        let looked = u32::try_from(mine.len()).unwrap_or(u32::MAX);
        let made = join_all(mine.into_iter().map(|taken| look_after(followed, taken, now))).await;
        Ok(Swept { due: read, looked, calls: made.into_iter().sum() })
    }

    fn pace(&self, account: &AccountId) -> Arc<Pace> {
        let mut paces = self.paces.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(paces.entry(account.clone()).or_default())
    }

    /// Acquires as many items as there are calls for. Those that another instance has acquired meanwhile cost nothing.
    async fn take<F: Followed>(&self, followed: &F, pace: Arc<Pace>, mut line: VecDeque<F::Item>, now: Timestamp) -> Vec<Taken<F::Item>> {
        let mut mine = Vec::new();
        loop {
            let chosen = pace.choose(&mut line, |item| followed.terms(item).0);
            if chosen.is_empty() {
                return mine;
            }
            let leases: Vec<_> = chosen.iter().map(|chosen| now + followed.terms(&chosen.item).1).collect();
            let acquired = join_all(chosen.iter().zip(&leases).map(|(chosen, until)| followed.acquire(&chosen.item, *until))).await;
            for ((chosen, until), is_mine) in chosen.into_iter().zip(leases).zip(acquired) {
                if is_mine {
                    mine.push(Taken { chosen, pace: Arc::clone(&pace), until });
                } else {
                    pace.give_back(chosen.share);
                }
            }
        }
    }
}

/// How many items of one account may be under way at once, where so many accounts have something due, with so many calls a pass.
/// Each has one call under way at a time, so this bounds the sockets; and a slow account takes no place of another's.
fn places(calls: u32, accounts: usize) -> usize {
    (shared(calls) / accounts.max(1)).max(LEAST_UNDER_WAY)
}

/// How many items all accounts share, with so many calls a pass.
fn shared(calls: u32) -> usize {
    usize::try_from(calls.saturating_mul(PASSES_UNDER_WAY)).unwrap_or(usize::MAX)
}

/// So many items may be under way at once through all of so many accounts, and as many sockets with them.
pub fn most_under_way(calls: u32, accounts: usize) -> usize {
    shared(calls).max(LEAST_UNDER_WAY.saturating_mul(accounts))
}

/// What is due, a line for each account. When there is more than is read at once, the others are read again without those
/// that have enough, or else without all that were read: however much comes due there keeps nothing of theirs waiting.
async fn read<F: Followed>(
    followed: &F,
    now: Timestamp,
    calls: u32,
    accounts: u32,
) -> Result<BTreeMap<AccountId, VecDeque<F::Item>>, StoreError> {
    let (mut lines, mut but_of) = (BTreeMap::new(), Vec::new());
    loop {
        let due = followed.due(now, BATCH.min(calls.saturating_mul(accounts)), &but_of).await?;
        let mut found: BTreeMap<AccountId, VecDeque<F::Item>> = BTreeMap::new();
        for item in due.items {
            found.entry(followed.account(&item).clone()).or_default().push_back(item);
        }
        let enough = usize::try_from(calls).unwrap_or(usize::MAX);
        let none_is_full = found.values().all(|line| line.len() < enough);
        let done = found.iter().filter(|(_, line)| none_is_full || line.len() >= enough).map(|(account, _)| account.clone());
        let done: Vec<_> = done.collect();
        lines.extend(found);
        if !due.is_cut || done.is_empty() {
            return Ok(lines);
        }
        but_of.extend(done);
    }
}

/// Moves one item on, and gives the calls that were made for it.
async fn look_after<F: Followed>(followed: &F, taken: Taken<F::Item>, now: Timestamp) -> u32 {
    let (Chosen { item, share, place: _place }, calls) = (taken.chosen, Calls::default());
    let step = followed.step(&item, now, &calls).await;
    followed.plan(&item, taken.until, step).await;
    taken.pace.settle(share, calls.count());
    calls.count()
}

#[cfg(test)]
mod tests;
