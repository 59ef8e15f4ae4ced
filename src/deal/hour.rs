//! Hours in Beijing, and the takings of a day by its hours.

use chrono::{TimeDelta, Timelike};

use super::{BeijingTime, Day, Sums, Timestamp};

/// So many has each day: Beijing's clock is never changed.
pub const HOURS: usize = 24;

/// An hour of a calendar day in Beijing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hour {
    day: Day,
    /// 0 is the one from midnight on.
    number: u8,
}

impl Hour {
    /// The hour of a point in time.
    pub fn of(time: Timestamp) -> Self {
        let number = u8::try_from(BeijingTime::from(time).naive().hour()).unwrap_or(0);
        Self { day: Day::of(time), number }
    }

    /// The hours of a day, the first one first.
    pub fn all_of(day: Day) -> impl Iterator<Item = Self> {
        (0..HOURS).filter_map(move |number| Some(Self { day, number: u8::try_from(number).ok()? }))
    }

    /// Of which day.
    pub fn day(self) -> Day {
        self.day
    }

    /// Which one of its day, from 0 on.
    pub fn number(self) -> usize {
        self.number.into()
    }

    /// Its first moment.
    pub fn begins(self) -> Timestamp {
        self.day.begins() + TimeDelta::hours(self.number.into())
    }

    /// The first moment behind it.
    pub fn ends(self) -> Timestamp {
        self.begins() + TimeDelta::hours(1)
    }
}

/// The takings of a day, hour by hour.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HourlyTakings {
    /// The day.
    pub day: Day,
    /// Those of each of its hours.
    pub hours: [Sums; HOURS],
}

impl HourlyTakings {
    /// Those of the whole day.
    pub fn total(&self) -> Sums {
        self.before(HOURS)
    }

    /// Those of its first so many hours.
    pub fn before(&self, hours: usize) -> Sums {
        let mut total = Sums::default();
        self.hours.iter().take(hours).for_each(|sums| total.add(*sums));
        total
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_hour_is_one_of_beijing_s() {
        let midnight: Timestamp = "2026-04-01T16:00:00Z".parse().unwrap();
        let before = Hour::of(midnight - TimeDelta::seconds(1));
        assert_eq!((before.day().to_string(), before.number()), ("2026-04-01".to_owned(), 23));
        let hour = Hour::of(midnight);
        assert_eq!((hour.day().to_string(), hour.number()), ("2026-04-02".to_owned(), 0));
        assert_eq!((before.ends(), hour.begins(), hour.ends()), (midnight, midnight, midnight + TimeDelta::hours(1)));
        let hours: Vec<_> = Hour::all_of(hour.day()).collect();
        assert_eq!((hours.len(), hours[0], hours[23].ends()), (24, hour, hour.day().next().begins()));
    }

    #[test]
    fn a_day_is_summed_up_to_an_hour_and_as_a_whole() {
        let mut hours = [Sums::default(); HOURS];
        for (hour, paid_fee) in [(0, 100), (13, 20), (23, 3)] {
            hours[hour] = Sums { paid_count: 1, paid_fee, ..Sums::default() };
        }
        let takings = HourlyTakings { day: "2026-04-01".parse().unwrap(), hours };
        assert_eq!([0, 1, 13, 14, 24].map(|hour| takings.before(hour).paid_fee), [0, 100, 100, 120, 123]);
        assert_eq!(takings.total(), Sums { paid_count: 3, paid_fee: 123, ..Sums::default() });
    }
}
