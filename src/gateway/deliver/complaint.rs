//! Edge-triggered logging: the log says when an endpoint begins to fail and when it takes events again, and not each try between.

use chrono::TimeDelta;

use crate::deal::Timestamp;
use crate::gateway::throttle::Throttle;

/// An endpoint that fails is told of once in this time, however often its state changes.
const TOLD_OF_EVERY: TimeDelta = TimeDelta::minutes(10);

/// Whether the log has said that an endpoint fails.
#[derive(Debug)]
pub struct Complaint {
    stands: bool,
    throttle: Throttle,
}

impl Default for Complaint {
    fn default() -> Self {
        Self { stands: false, throttle: Throttle::once_in(TOLD_OF_EVERY) }
    }
}

impl Complaint {
    /// A try has failed; whether that is to be said.
    pub fn rises(&mut self, now: Timestamp) -> bool {
        let is_told = self.throttle.admits(now);
        self.stands |= is_told;
        is_told
    }

    /// A try has come through; whether that is to be said: where the last that was said is that it fails.
    pub fn ends(&mut self) -> bool {
        std::mem::take(&mut self.stands)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + TimeDelta::seconds(seconds)
    }

    #[test]
    fn an_endpoint_that_goes_on_failing_is_told_of_every_ten_minutes() {
        let mut complaint = Complaint::default();
        assert!(!complaint.ends(), "nothing was said of it yet");
        assert_eq!([0, 1, 599, 600, 601].map(|second| complaint.rises(at(second))), [true, false, false, true, false]);
        assert_eq!([complaint.ends(), complaint.ends()], [true, false]);
    }

    #[test]
    fn one_that_comes_and_goes_fills_no_log() {
        let mut complaint = Complaint::default();
        let told = (0..600).map(|second| u32::from(complaint.rises(at(second))) + u32::from(complaint.ends()));
        assert_eq!(told.sum::<u32>(), 2);
    }
}
