//! A health check: whether the database can write, as far as the answers to changes tell.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::driver_error::DriverError;
use super::error::{Cause, StatementError};

/// A database that could not write is taken for one that still cannot, for so long after the last change that failed so.
const UNABLE: Duration = Duration::from_secs(2);

/// What the last changes have told.
#[derive(Debug, Clone, Default)]
pub struct Writable(Arc<Mutex<Told>>);

#[derive(Debug, Default)]
struct Told {
    /// When and why the database last could not write, if it has not written since.
    unable: Option<(Instant, Cause)>,
    /// Whether the last change was not carried out, for whatever reason, or not yet.
    doubted: bool,
}

impl Writable {
    /// Learns from what became of a change: how many rows it has changed. One that found nothing to change proves nothing, for it
    /// committed nothing: a server that has lost the majority of its group does that as well.
    pub fn learn(&self, outcome: &Result<u64, StatementError>) {
        let mut told = self.told();
        match outcome {
            Ok(1..) => *told = Told::default(),
            Err(StatementError::Unavailable(why @ Cause::CannotWrite(_))) => {
                // When that is over, it must be tried.
                *told = Told { unable: Some((Instant::now(), why.clone())), doubted: true };
            }
            Err(StatementError::Unavailable(_)) => told.doubted = true,
            Ok(0) | Err(_) => {}
        }
    }

    /// Learns that a change takes its time. The next that is carried out ends the doubt.
    pub fn doubt(&self) {
        self.told().doubted = true;
    }

    /// Learns that no server does it now, whatever it is: what may not even be asked is not changed either. The caller may hear so later,
    /// for what is urgent is tried again.
    pub fn refused(&self, told: &DriverError) {
        *self.told() = Told { unable: Some((Instant::now(), Cause::CannotWrite(told.clone()))), doubted: true };
    }

    /// Why the database could not write a moment ago.
    pub fn unable(&self) -> Option<Cause> {
        let unable = self.told().unable.clone();
        unable.filter(|(since, _)| since.elapsed() < UNABLE).map(|(_, why)| why)
    }

    /// Whether it must be tried to know.
    pub fn is_doubted(&self) -> bool {
        self.told().doubted
    }

    fn told(&self) -> MutexGuard<'_, Told> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_that_could_not_write_is_tried_before_it_is_trusted_again() {
        let writable = Writable::default();
        let why = Cause::CannotWrite(DriverError::MySql(1290));
        writable.learn(&Err(why.clone().into()));
        assert_eq!(writable.unable(), Some(why));
        // It was a while ago.
        writable.told().unable.iter_mut().for_each(|(since, _)| *since -= UNABLE);
        assert_eq!(writable.unable(), None);
        assert!(writable.is_doubted(), "no change has been carried out since");
        writable.learn(&Ok(0));
        assert!(writable.is_doubted(), "nothing was committed");
        writable.learn(&Ok(1));
        assert!(!writable.is_doubted());
    }

    #[test]
    fn a_question_that_no_server_answers_tells_that_nothing_can_be_written() {
        let writable = Writable::default();
        writable.refused(&DriverError::MySql(1047));
        assert_eq!(writable.unable(), Some(Cause::CannotWrite(DriverError::MySql(1047))));
        assert!(writable.is_doubted());
    }
}
