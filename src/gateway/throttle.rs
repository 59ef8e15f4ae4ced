//! Throttling: something that is done at most so often, whichever of many callers does it.

use std::sync::{Mutex, PoisonError};

use chrono::TimeDelta;

use crate::deal::Timestamp;

/// Lets one caller through in each period.
#[derive(Debug)]
pub struct Throttle {
    period: TimeDelta,
    last: Mutex<Option<Timestamp>>,
}

impl Throttle {
    /// Once in each `period`.
    pub fn once_in(period: TimeDelta) -> Self {
        Self { period, last: Mutex::default() }
    }

    /// Whether it is time; then no other caller is told so for a period. A clock that was set back makes it time at once.
    pub fn admits(&self, now: Timestamp) -> bool {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let is_time = last.is_none_or(|last| (now - last).abs() >= self.period);
        if is_time {
            *last = Some(now);
        }
        is_time
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_caller_is_let_through_in_each_period() {
        let throttle = Throttle::once_in(TimeDelta::seconds(60));
        let at = |seconds| Timestamp::UNIX_EPOCH + TimeDelta::seconds(seconds);
        let admitted = [0, 0, 59, 60, 61, 119, 120].map(|seconds| throttle.admits(at(seconds)));
        assert_eq!(admitted, [true, false, false, true, false, false, true]);
        assert!(throttle.admits(at(10)), "the clock was set back by more than a period");
    }
}
