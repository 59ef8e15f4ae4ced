//! A bill on its way: given on piece by piece as it comes and never held as a whole, for nobody knows how long one is.

mod content;
mod digest;
#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::OwnedSemaphorePermit;

use crate::channel::error::{CallError, Doubt};
use crate::clock::Clock;

use super::bill::BillError;
use super::calls::Call;
use super::metrics::CallMetrics;
use super::transport::Patience;

pub(super) use content::Begun;

/// WeChat makes a large bill while it is asked for it, and a slow one harms nobody: its places are its own.
pub(super) const PATIENCE: Patience =
    Patience { first: Duration::from_secs(10), between: Duration::from_secs(30), whole: Duration::from_secs(15 * 60) };

/// A file of WeChat's while it is received. It takes a place among those under way until it is dropped.
#[must_use]
pub struct Download {
    begun: Begun,
    state: State,
    told: Told,
    _place: OwnedSemaphorePermit,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    UnderWay,
    Whole,
    Broken,
}

impl Download {
    pub(super) fn new(begun: Begun, told: Told, place: OwnedSemaphorePermit) -> Self {
        Self { begun, state: State::UnderWay, told, _place: place }
    }

    /// The next piece as received. `None`: the end was reached, and is right as far as the answer's header says what is.
    ///
    /// # Errors
    /// There is no end, and what was received is no file.
    pub async fn next(&mut self) -> Result<Option<Bytes>, BillError> {
        match self.state {
            State::UnderWay => {}
            State::Whole => return Ok(None),
            State::Broken => return Err(CallError::from(Doubt::Broken).into()),
        }
        let piece = self.begun.piece().await;
        match &piece {
            Ok(Some(_)) => {}
            Ok(None) => {
                self.state = State::Whole;
                self.told.whole();
            }
            Err(failure) => {
                self.state = State::Broken;
                self.told.failed(failure);
            }
        }
        piece
    }

    /// Whether it is gzip, by its first bytes.
    pub fn is_packed(&self) -> bool {
        self.begun.is_packed()
    }
}

/// Shows nothing of the file.
impl fmt::Debug for Download {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Download")
    }
}

/// Where it is counted what became of a call. One that nobody reads to its end is in no count.
pub(super) struct Told {
    clock: Clock,
    started: Duration,
    metrics: Arc<CallMetrics>,
    call: Call,
}

impl Told {
    /// Of a call that begins now.
    pub fn now(clock: &Clock, metrics: &Arc<CallMetrics>, call: Call) -> Self {
        Self { clock: clock.clone(), started: clock.ticks(), metrics: Arc::clone(metrics), call }
    }

    fn whole(&self) {
        self.metrics.fetched(self.call, None, self.elapsed());
    }

    /// There is no bill.
    pub fn failed(&self, failure: &BillError) {
        self.metrics.fetched(self.call, Some(failure), self.elapsed());
    }

    fn elapsed(&self) -> Duration {
        self.clock.ticks().saturating_sub(self.started)
    }
}
