//! A token bucket: how many calls a second may be made for waiting payers.

use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);

/// A bucket that holds one second's calls and fills steadily. Times are those of the clock's ticks.
#[derive(Debug)]
pub struct Budget {
    per_second: u32,
    /// How much of the second is spent, as of `since`.
    spent: Duration,
    since: Duration,
}

impl Budget {
    pub fn new(per_second: u32) -> Self {
        Self { per_second, spent: Duration::ZERO, since: Duration::ZERO }
    }

    /// Takes a call out of the bucket, if there is one.
    pub fn take(&mut self, now: Duration) -> bool {
        let affordable = self.affordable(now) > 0;
        if affordable {
            // Each call costs its share of a second; time pays it back.
            self.spent += SECOND / self.per_second;
        }
        affordable
    }

    fn affordable(&mut self, now: Duration) -> u32 {
        self.spent = self.spent.saturating_sub(now.saturating_sub(self.since));
        self.since = self.since.max(now);
        let left = SECOND.saturating_sub(self.spent).as_nanos() * u128::from(self.per_second) / SECOND.as_nanos();
        u32::try_from(left).unwrap_or(u32::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_budget_lets_through_what_it_says_and_fills_again() {
        let start = Duration::from_secs(7);
        let mut budget = Budget::new(100);
        let taken = |budget: &mut Budget, at: Duration| (0..1000).filter(|_| budget.take(at)).count();
        assert_eq!(taken(&mut budget, start), 100);
        assert_eq!(taken(&mut budget, start + Duration::from_millis(100)), 10);
        assert_eq!(taken(&mut budget, start + Duration::from_secs(60)), 100, "unused seconds are not saved up");
        assert_eq!(taken(&mut Budget::new(0), start), 0);
    }
}
