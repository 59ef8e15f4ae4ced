//! A cache: what was counted of each hour of the days that a board shows. An hour that is over is counted once; what is paid in it and
//! learned of later comes in by turns, for with each count one such hour is counted again.

use std::collections::BTreeMap;

use chrono::TimeDelta;

use crate::deal::{Day, HOURS, Hour, HourlyTakings, Sums, Timestamp};
use crate::store::Purchases;

/// So long after its end an hour is counted at each count: payments become known late.
const GRACE: TimeDelta = TimeDelta::hours(1);

/// What was counted of an hour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CountedHour {
    pub takings: Sums,
    pub purchases: Purchases,
}

/// The hours that were counted, and when.
#[derive(Debug, Default)]
pub struct Hours {
    counted: BTreeMap<Hour, (Timestamp, CountedHour)>,
    /// Whose turn it was last of those that are over.
    turn: Option<Hour>,
}

impl Hours {
    /// Which hours of these days are to be counted now, the latest first. Those of other days are forgotten.
    pub fn wanted(&mut self, days: &[Day], now: Timestamp) -> Vec<Hour> {
        self.counted.retain(|hour, _| days.contains(&hour.day()));
        let begun = days.iter().flat_map(|day| Hour::all_of(*day)).filter(|hour| hour.begins() <= now);
        let is_over = |hour: &Hour| self.counted.get(hour).is_some_and(|(at, _)| *at >= hour.ends() + GRACE);
        let (over, mut wanted): (Vec<_>, Vec<_>) = begun.partition(is_over);
        let next = over.iter().filter(|hour| Some(**hour) > self.turn).min().or_else(|| over.iter().min());
        self.turn = next.copied();
        wanted.extend(next);
        wanted.sort_by(|one, other| other.cmp(one));
        wanted
    }

    /// What was counted of an hour, at a time.
    pub fn note(&mut self, hour: Hour, now: Timestamp, counted: CountedHour) {
        self.counted.insert(hour, (now, counted));
    }

    /// The takings of a day, as far as they were counted.
    pub fn takings(&self, day: Day) -> HourlyTakings {
        let mut hours = [Sums::default(); HOURS];
        let of_day = Hour::all_of(day).filter_map(|hour| self.counted.get(&hour));
        hours.iter_mut().zip(of_day).for_each(|(sums, (_, counted))| *sums = counted.takings);
        HourlyTakings { day, hours }
    }

    /// The purchases of a day.
    pub fn purchases(&self, day: Day) -> Purchases {
        let mut purchases = Purchases::default();
        let of_day = Hour::all_of(day).filter_map(|hour| self.counted.get(&hour));
        of_day.for_each(|(_, counted)| purchases.add(counted.purchases));
        purchases
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(time: &str) -> Timestamp {
        format!("2026-04-{time}+08:00").parse().unwrap()
    }

    /// Which are wanted at this time, after which they are counted.
    fn counted(hours: &mut Hours, days: &[Day], time: &str) -> Vec<String> {
        let wanted = hours.wanted(days, at(time));
        wanted.iter().for_each(|hour| hours.note(*hour, at(time), CountedHour::default()));
        wanted.iter().map(|hour| format!("{}/{}", hour.day(), hour.number())).collect()
    }

    #[test]
    fn an_hour_that_is_over_is_counted_once_and_then_in_its_turn() {
        let (mut hours, day) = (Hours::default(), "2026-04-02".parse().unwrap());
        assert_eq!(counted(&mut hours, &[day], "02T00:00:00"), ["2026-04-02/0"]);
        assert_eq!(counted(&mut hours, &[day], "02T03:59:59").len(), 4);
        let now = "02T04:00:00";
        assert_eq!(
            counted(&mut hours, &[day], now),
            ["2026-04-02/4", "2026-04-02/3", "2026-04-02/2", "2026-04-02/0"],
            "2 was over, and not for long"
        );
        assert_eq!(counted(&mut hours, &[day], now), ["2026-04-02/4", "2026-04-02/3", "2026-04-02/1"]);
        assert_eq!(counted(&mut hours, &[day], now), ["2026-04-02/4", "2026-04-02/3", "2026-04-02/2"]);
        assert_eq!(counted(&mut hours, &[day], now), ["2026-04-02/4", "2026-04-02/3", "2026-04-02/0"], "round and round");
    }

    #[test]
    fn at_midnight_a_day_is_kept_and_another_one_is_forgotten() {
        let (mut hours, [before, day, next]) = (Hours::default(), ["01", "02", "03"].map(|day| format!("2026-04-{day}").parse().unwrap()));
        assert_eq!(counted(&mut hours, &[day, before], "02T23:30:00").len(), 48);
        assert_eq!(counted(&mut hours, &[next, day], "03T00:00:00"), ["2026-04-03/0", "2026-04-02/23", "2026-04-02/22", "2026-04-02/0"]);
        assert_eq!(counted(&mut hours, &[next, before], "03T00:00:00").len(), 25, "the first is new again");
    }

    #[test]
    fn a_day_is_told_as_far_as_it_was_counted() {
        let (mut hours, day) = (Hours::default(), "2026-04-02".parse().unwrap());
        let takings = Sums { paid_count: 1, paid_fee: 5, ..Sums::default() };
        let counted = CountedHour { takings, purchases: Purchases { opened: 3, paid: 1 } };
        for hour in Hour::all_of(day).take(2) {
            hours.note(hour, at("02T02:00:00"), counted);
        }
        assert_eq!(hours.takings(day).hours[..3], [takings, takings, Sums::default()]);
        assert_eq!(hours.purchases(day), Purchases { opened: 6, paid: 2 });
    }
}
