//! Whether the database can write, as far as the answers to changes tell.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::StoreError;
use super::failure::CANNOT_WRITE;

/// A database that could not write is taken for one that still cannot, for so long after the last change that failed so.
const UNABLE: Duration = Duration::from_secs(10);

/// What the last changes have told.
#[derive(Debug, Clone, Default)]
pub struct Writable(Arc<Mutex<Told>>);

#[derive(Debug, Default)]
struct Told {
    /// When the database last said that it cannot write, if it has not written since.
    unable_since: Option<Instant>,
    /// Whether the last change was not carried out, for whatever reason.
    doubted: bool,
}

impl Writable {
    /// Learns from what became of a change.
    pub fn learn<T>(&self, outcome: &Result<T, StoreError>) {
        let mut told = self.told();
        match outcome {
            Ok(_) => *told = Told::default(),
            Err(StoreError::Unavailable(CANNOT_WRITE)) => told.unable_since = Some(Instant::now()),
            Err(StoreError::Unavailable(_)) => told.doubted = true,
            Err(_) => {}
        }
    }

    /// Whether the database has lately said that it cannot write.
    pub fn is_unable(&self) -> bool {
        self.told().unable_since.is_some_and(|since| since.elapsed() < UNABLE)
    }

    /// Whether it must be tried to know.
    pub fn is_doubted(&self) -> bool {
        self.told().doubted
    }

    fn told(&self) -> MutexGuard<'_, Told> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
