//! The clock, passed in. Nothing else in the crate reads the wall clock (`clippy.toml` holds that),
//! so a test can move a whole service through a day by hand.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};

use crate::deal::Timestamp;

/// Where the time comes from: the machine, or a test's hand.
#[derive(Debug, Clone, Default)]
pub enum Clock {
    /// The machine's wall clock.
    #[default]
    System,
    /// A clock that stands still until somebody advances it (milliseconds since 1970).
    Manual(Arc<AtomicI64>),
}

impl Clock {
    /// A clock that stands at `start` until it is advanced.
    pub fn manual(start: Timestamp) -> Self {
        Self::Manual(Arc::new(AtomicI64::new(start.timestamp_millis())))
    }

    /// Now.
    pub fn now(&self) -> Timestamp {
        match self {
            #[expect(clippy::disallowed_methods, reason = "the one place where the wall clock is read")]
            Self::System => Utc::now(),
            Self::Manual(millis) => DateTime::from_timestamp_millis(millis.load(Ordering::SeqCst)).unwrap_or_default(),
        }
    }

    /// Now, in whole seconds: what the store keeps.
    pub fn now_seconds(&self) -> Timestamp {
        self.now().trunc_subsecs(0)
    }

    /// Moves a manual clock forward. The machine's clock is nobody's to move.
    pub fn advance(&self, by: TimeDelta) {
        if let Self::Manual(millis) = self {
            millis.fetch_add(by.num_milliseconds(), Ordering::SeqCst);
        }
    }
}
