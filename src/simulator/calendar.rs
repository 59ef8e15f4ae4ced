//! Days that a tester lets pass: how much later it is in this world than by the clock.

use chrono::TimeDelta;

use crate::deal::{Day, Timestamp};

use super::World;

/// When all bills of the day before are made, since midnight.
const BILLS_MADE: TimeDelta = TimeDelta::minutes(10 * 60 + 30);

impl World {
    /// What time it is here when the clock says `clock`. Whatever else takes a time means this one.
    pub fn time(&self, clock: Timestamp) -> Timestamp {
        clock.checked_add_signed(self.ahead).unwrap_or(clock)
    }

    /// A day passes: it is the same time tomorrow, or half past ten where that is later, so that the bill of what was today can be had.
    pub fn day_passes(&mut self, clock: Timestamp) {
        let now = self.time(clock);
        let next = (now + TimeDelta::days(1)).max(Day::of(now).next().begins() + BILLS_MADE);
        self.ahead += next - now;
    }
}
