//! A report: takings. The database sums up slices of some thousand rows, one question each, so that no other report waits long
//! however many payments a day has; the sums of slices are added here.

pub mod heard;
pub mod opened;
pub mod payments;
pub mod refunds;
mod slice;

use crate::deal::{Hour, Sums, Takings, TakingsWish};

use super::books::Books;
use super::error::StoreError;

use payments::Payments;
use refunds::Refunds;
use slice::{Range, Slice};

/// Of more keys a report makes no sense, and its answer no end.
const MOST_KEYS: usize = 10_000;

impl Books {
    /// What was paid and what went back; `None`: by too many sellers or products for one answer.
    ///
    /// # Errors
    /// The database is not available.
    pub async fn takings(&mut self, wish: &TakingsWish) -> Result<Option<Takings>, StoreError> {
        let mut takings = Takings::of(wish);
        self.add_up(&Range::of(wish), &mut takings).await?;
        Ok((takings.len() <= MOST_KEYS).then_some(takings))
    }

    /// What was paid and what went back in one hour, of all sellers and accounts.
    ///
    /// # Errors
    /// The database is not available.
    pub async fn takings_of_hour(&mut self, hour: Hour) -> Result<Sums, StoreError> {
        let mut takings = Takings::default();
        self.add_up(&Range::between(hour.begins(), hour.ends()), &mut takings).await?;
        Ok(takings.total())
    }

    /// Adds the slices of a range, unless there are more keys than an answer has.
    async fn add_up(&mut self, range: &Range, takings: &mut Takings) -> Result<(), StoreError> {
        let (mut payments, mut refunds) = (Some(range.clone()), Some(range.clone()));
        while let Some(range) = payments.take() {
            let slice = self.ask(Payments(range.clone())).await?;
            payments = take(slice, range, takings);
            if takings.len() > MOST_KEYS {
                return Ok(());
            }
        }
        while let Some(range) = refunds.take() {
            let slice = self.ask(Refunds(range.clone())).await?;
            refunds = take(slice, range, takings);
        }
        Ok(())
    }
}

/// Adds a slice; what is left behind it.
fn take(slice: Slice, range: Range, takings: &mut Takings) -> Option<Range> {
    slice.sums.into_iter().for_each(|(key, sums)| takings.add(key, sums));
    slice.ended_at.map(|time| range.behind(time))
}
