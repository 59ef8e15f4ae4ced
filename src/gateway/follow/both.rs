//! Two kinds of things in one line: they share the budget of their account, by when they came due.

use chrono::TimeDelta;

use crate::deal::{AccountId, Timestamp};
use crate::store::StoreError;

use super::{Calls, DueItems, Followed};

/// What is due of either kind.
pub struct Both<A, B>(pub A, pub B);

/// One of them.
pub enum Either<A, B> {
    One(A),
    Other(B),
}

impl<A: Followed, B: Followed> Followed for Both<A, B> {
    type Item = Either<A::Item, B::Item>;
    type Step = Either<A::Step, B::Step>;

    async fn due(&self, now: Timestamp, limit: u32, but_of: &[AccountId]) -> Result<DueItems<Self::Item>, StoreError> {
        let (ones, others) = (self.0.due(now, limit, but_of).await?, self.1.due(now, limit, but_of).await?);
        let is_cut = ones.is_cut || others.is_cut;
        let ones = ones.items.into_iter().map(Either::One);
        let mut items: Vec<_> = ones.chain(others.items.into_iter().map(Either::Other)).collect();
        items.sort_by_key(|item| std::cmp::Reverse(self.due_at(item)));
        Ok(DueItems { items, is_cut })
    }

    fn due_at(&self, item: &Self::Item) -> Option<Timestamp> {
        match item {
            Either::One(item) => self.0.due_at(item),
            Either::Other(item) => self.1.due_at(item),
        }
    }

    fn account<'a>(&self, item: &'a Self::Item) -> &'a AccountId {
        match item {
            Either::One(item) => self.0.account(item),
            Either::Other(item) => self.1.account(item),
        }
    }

    fn terms(&self, item: &Self::Item) -> (u32, TimeDelta) {
        match item {
            Either::One(item) => self.0.terms(item),
            Either::Other(item) => self.1.terms(item),
        }
    }

    async fn acquire(&self, item: &Self::Item, until: Timestamp) -> bool {
        match item {
            Either::One(item) => self.0.acquire(item, until).await,
            Either::Other(item) => self.1.acquire(item, until).await,
        }
    }

    async fn step(&self, item: &Self::Item, now: Timestamp, calls: &Calls) -> Self::Step {
        match item {
            Either::One(item) => Either::One(self.0.step(item, now, calls).await),
            Either::Other(item) => Either::Other(self.1.step(item, now, calls).await),
        }
    }

    async fn plan(&self, item: &Self::Item, until: Timestamp, step: Self::Step) {
        match (item, step) {
            (Either::One(item), Either::One(step)) => self.0.plan(item, until, step).await,
            (Either::Other(item), Either::Other(step)) => self.1.plan(item, until, step).await,
            // A step is of its item's kind.
            (Either::One(_), Either::Other(_)) | (Either::Other(_), Either::One(_)) => {}
        }
    }
}
