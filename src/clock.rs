//! The clock as a dependency, passed in. Nothing else in the crate reads the wall clock (`clippy.toml` holds that),
//! so a test can move a whole service through a day by hand.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use tokio::sync::oneshot;
use tokio::time::Instant;

use crate::deal::Timestamp;

/// Where the time comes from: the machine, or a test's hand.
#[derive(Debug, Clone, Default)]
pub enum Clock {
    /// The machine's wall clock.
    #[default]
    System,
    /// A clock that stands still until a test advances it. Pauses still take the machine's time.
    Manual(Arc<Manual>),
    /// A clock by which pauses are made too: nothing takes time in it unless a test advances it.
    Simulated(Arc<Simulated>),
}

/// A clock that is moved by hand, and how far the database's is ahead of it.
#[derive(Debug)]
pub struct Manual {
    /// Since 1970.
    millis: AtomicI64,
    database_ahead_millis: AtomicI64,
}

/// A clock that knows the tasks that pause by it.
#[derive(Debug)]
pub struct Simulated {
    millis: AtomicI64,
    pausing: Mutex<Vec<Pausing>>,
    /// The database's, where that is another one.
    database: Option<Arc<Simulated>>,
}

#[derive(Debug)]
struct Pausing {
    until: i64,
    over: oneshot::Sender<()>,
}

impl Clock {
    /// A clock that stands at `start` until it is advanced.
    pub fn manual(start: Timestamp) -> Self {
        Self::Manual(Arc::new(Manual { millis: AtomicI64::new(start.timestamp_millis()), database_ahead_millis: AtomicI64::new(0) }))
    }

    /// A clock that stands at `start`, with every task that pauses by it, until it is advanced.
    pub fn simulated(start: Timestamp) -> Self {
        Self::Simulated(Arc::new(Simulated { millis: AtomicI64::new(start.timestamp_millis()), pausing: Mutex::default(), database: None }))
    }

    /// The same on a machine whose clock differs from the database's.
    pub fn simulated_beside(start: Timestamp, database: &Self) -> Self {
        let Self::Simulated(database) = database else { return Self::simulated(start) };
        let (millis, pausing) = (AtomicI64::new(start.timestamp_millis()), Mutex::default());
        Self::Simulated(Arc::new(Simulated { millis, pausing, database: Some(Arc::clone(database)) }))
    }

    /// Now.
    pub fn now(&self) -> Timestamp {
        match self {
            #[expect(clippy::disallowed_methods, reason = "the one place where the wall clock is read")]
            Self::System => Utc::now(),
            Self::Manual(clock) => time(&clock.millis),
            Self::Simulated(clock) => time(&clock.millis),
        }
    }

    /// Now by the database's clock, which said `told`; without one of its own it goes by this one. When a test moves the time
    /// by hand, it moves the database's too, whatever the server says.
    pub fn of_database(&self, told: Option<Timestamp>) -> Timestamp {
        match self {
            Self::System => told.unwrap_or_else(|| self.now()),
            Self::Manual(clock) => self.now() + TimeDelta::milliseconds(clock.database_ahead_millis.load(Ordering::SeqCst)),
            Self::Simulated(clock) => time(&clock.database.as_ref().unwrap_or(clock).millis),
        }
    }

    /// Sets a clock that is moved by hand apart from the database's.
    pub fn set_database_ahead(&self, by: TimeDelta) {
        if let Self::Manual(clock) = self {
            clock.database_ahead_millis.store(by.num_milliseconds(), Ordering::SeqCst);
        }
    }

    /// Now, in whole seconds: what the store keeps.
    pub fn now_seconds(&self) -> Timestamp {
        self.now().trunc_subsecs(0)
    }

    /// The time since some fixed moment: to measure with, since it never goes backwards.
    pub fn ticks(&self) -> Duration {
        static BEGINNING: LazyLock<Instant> = LazyLock::new(Instant::now);
        match self {
            Self::System | Self::Manual(_) => BEGINNING.elapsed(),
            Self::Simulated(clock) => Duration::from_millis(clock.millis.load(Ordering::SeqCst).max(0).unsigned_abs()),
        }
    }

    /// Waits.
    pub async fn pause(&self, time: Duration) {
        match self {
            Self::System | Self::Manual(_) => tokio::time::sleep(time).await,
            Self::Simulated(_) if time.is_zero() => {}
            Self::Simulated(clock) => clock.pause(i64::try_from(time.as_millis()).unwrap_or(i64::MAX)).await,
        }
    }

    /// Moves a clock that is moved by hand forward. The machine's clock is not moved.
    pub fn advance(&self, by: TimeDelta) {
        match self {
            Self::System => {}
            Self::Manual(clock) => _ = clock.millis.fetch_add(by.num_milliseconds(), Ordering::SeqCst),
            Self::Simulated(clock) => clock.advance(by.num_milliseconds()),
        }
    }

    /// When the first task that pauses by a simulated clock goes on.
    pub fn next_pause_over(&self) -> Option<Timestamp> {
        let Self::Simulated(clock) = self else { return None };
        let pausing = clock.pausing.lock().unwrap_or_else(PoisonError::into_inner);
        let waiting = pausing.iter().filter(|one| !one.over.is_closed());
        waiting.map(|one| one.until).min().and_then(DateTime::from_timestamp_millis)
    }
}

impl Simulated {
    async fn pause(&self, millis: i64) {
        let until = self.millis.load(Ordering::SeqCst).saturating_add(millis);
        let (over, waiting) = oneshot::channel();
        self.pausing.lock().unwrap_or_else(PoisonError::into_inner).push(Pausing { until, over });
        let _ = waiting.await;
    }

    /// Tasks that pause go on in the order in which their pauses end.
    fn advance(&self, millis: i64) {
        let now = self.millis.fetch_add(millis, Ordering::SeqCst) + millis;
        let mut pausing = self.pausing.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut over, waiting): (Vec<_>, Vec<_>) = pausing.drain(..).partition(|one| one.until <= now);
        *pausing = waiting;
        over.sort_by_key(|one| one.until);
        for one in over {
            let _ = one.over.send(());
        }
    }
}

fn time(millis: &AtomicI64) -> Timestamp {
    DateTime::from_timestamp_millis(millis.load(Ordering::SeqCst)).unwrap_or_default()
}
