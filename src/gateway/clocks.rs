//! Clock skew. Instances meet in the database, so looks and leases are kept by its clock. To give an order up cannot be taken
//! back, so it never rests on one clock: this instance's and the database's must both say that its time is over.

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use chrono::{SubsecRound, TimeDelta};
use tracing::debug;

use crate::deal::Timestamp;
use crate::store::StoreError;

use super::Gateway;

/// Clocks that differ by more belong to machines on which time cannot be trusted: nothing is given up, and the instance is
/// not ready.
pub const TOLERABLE_SKEW: TimeDelta = TimeDelta::seconds(60);

/// A server tells whole seconds, so clocks that differ by less than two of them may be the same: a caller that has waited as
/// long as it was told must not be sent away for that.
const UNSURE: TimeDelta = TimeDelta::seconds(2);

/// How far the database's clock is ahead of this instance's, when it was last asked.
#[derive(Debug, Default)]
pub struct Skew {
    millis: AtomicI64,
    /// Whether it ever was.
    is_known: AtomicBool,
}

impl Gateway {
    /// Asks the database what time it is, so that leases are kept by its clock from the start. One that does not answer is asked
    /// again by the next pass.
    pub async fn measure_clock(&self) {
        if let Err(error) = self.database_now().await {
            debug!(%error, "the database's clock is not known yet");
        }
    }

    /// Whether the database has ever said what time it is.
    pub fn knows_clock(&self) -> bool {
        self.skew.is_known.load(Ordering::Relaxed)
    }

    /// Now by the database's clock, in whole seconds.
    pub(super) async fn database_now(&self) -> Result<Timestamp, StoreError> {
        let told = self.store.condition().await?.clock;
        Ok(self.note_database_clock(told))
    }

    /// Takes note of what the database's clock said (`None`: it has none of its own), and gives the time by it.
    pub(super) fn note_database_clock(&self, told: Option<Timestamp>) -> Timestamp {
        let theirs = self.clock.of_database(told);
        let skew = Some(theirs - self.clock.now()).filter(|skew| skew.abs() >= UNSURE).unwrap_or_default();
        self.skew.millis.store(skew.num_milliseconds(), Ordering::Relaxed);
        self.skew.is_known.store(true, Ordering::Relaxed);
        self.metrics.skewed(skew);
        theirs.trunc_subsecs(0)
    }

    /// Now by the database's clock, as far ahead as it was when it was last asked; in whole seconds.
    pub(super) fn now_by_database(&self) -> Timestamp {
        (self.clock.now() + self.skew()).trunc_subsecs(0)
    }

    /// How far the database's clock is ahead of this instance's; negative if it is behind.
    pub(super) fn skew(&self) -> TimeDelta {
        TimeDelta::milliseconds(self.skew.millis.load(Ordering::Relaxed))
    }

    /// Whether the two clocks can both be right.
    pub(super) fn clocks_agree(&self) -> bool {
        self.skew().abs() <= TOLERABLE_SKEW
    }

    /// The earlier of what the two clocks say: what has passed by it has passed.
    pub(super) fn surely_now(&self) -> Timestamp {
        let now = self.clock.now_seconds();
        now + self.skew().min(TimeDelta::zero())
    }
}
