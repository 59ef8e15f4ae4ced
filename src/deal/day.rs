//! Calendar days in Beijing, and the ranges of time that callers name by them.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Datelike, Days, NaiveDate, NaiveTime, Timelike, Weekday};

use super::{BeijingTime, Timestamp};

/// A calendar day in Beijing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(NaiveDate);

/// The text is no day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a day is written as 2026-11-26, from 1970 to 9998")]
pub struct InvalidDay;

/// The text is neither a day nor a point in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a day in Beijing such as 2026-11-26, or a time with its zone such as 2026-11-26T12:00:00+08:00, from 1970 to 9998")]
pub struct InvalidMoment;

/// Years that every column for times holds, one more day included.
const YEARS: std::ops::RangeInclusive<i32> = 1970..=9998;

impl Day {
    /// The day of a point in time.
    pub fn of(time: Timestamp) -> Self {
        Self(BeijingTime::from(time).naive().date())
    }

    /// Its first moment.
    pub fn begins(self) -> Timestamp {
        BeijingTime::from(self.0.and_time(NaiveTime::MIN)).timestamp()
    }

    /// The day behind it.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0.checked_add_days(Days::new(1)).unwrap_or(self.0))
    }

    /// The day so many days before it.
    #[must_use]
    pub fn before(self, days: u32) -> Self {
        Self(self.0.checked_sub_days(Days::new(days.into())).unwrap_or(self.0))
    }

    /// Which day of the week it is.
    pub fn weekday(self) -> Weekday {
        self.0.weekday()
    }

    /// How many days there are from this one to `last`, both counted; 0: `last` is before it.
    pub fn days_to(self, last: Self) -> u32 {
        u32::try_from((last.0 - self.0).num_days() + 1).unwrap_or(0)
    }
}

impl FromStr for Day {
    type Err = InvalidDay;

    fn from_str(text: &str) -> Result<Self, InvalidDay> {
        let is_plain = text.len() == 10 && text.bytes().all(|b| b.is_ascii_digit() || b == b'-');
        let date = if is_plain { NaiveDate::parse_from_str(text, "%Y-%m-%d").ok() } else { None };
        date.filter(|date| YEARS.contains(&date.year())).map(Self).ok_or(InvalidDay)
    }
}

/// As it can be read again.
impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.format("%Y-%m-%d"))
    }
}

/// From when on, as a caller writes it: the beginning of a day, or a point in time, which is in the range.
///
/// # Errors
/// The text is neither.
pub fn range_from(text: &str) -> Result<Timestamp, InvalidMoment> {
    text.parse::<Day>().map_or_else(|_| moment(text), |day| Ok(day.begins()))
}

/// Until when: the end of a day, or a point in time, which is not in the range.
///
/// # Errors
/// The text is neither.
pub fn range_to(text: &str) -> Result<Timestamp, InvalidMoment> {
    text.parse::<Day>().map_or_else(|_| moment(text), |day| Ok(day.next().begins()))
}

/// In whole seconds, which is what is stored: a part of one belongs to the next, whichever end of a range it is.
fn moment(text: &str) -> Result<Timestamp, InvalidMoment> {
    let time = DateTime::parse_from_rfc3339(text).map_err(|_| InvalidMoment)?.to_utc();
    let whole = time.with_nanosecond(0).ok_or(InvalidMoment)?;
    let whole = if whole < time { whole + chrono::TimeDelta::seconds(1) } else { whole };
    if YEARS.contains(&BeijingTime::from(whole).naive().year()) { Ok(whole) } else { Err(InvalidMoment) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_begins_at_midnight_in_beijing() {
        let day: Day = "2026-11-26".parse().unwrap();
        assert_eq!(day.begins().to_rfc3339(), "2026-11-25T16:00:00+00:00");
        assert_eq!(
            (Day::of(day.begins()), Day::of(day.begins() - chrono::TimeDelta::seconds(1)).to_string()),
            (day, "2026-11-25".to_owned())
        );
        assert_eq!((day.next().to_string(), day.days_to(day), day.days_to(day.next())), ("2026-11-27".to_owned(), 1, 2));
        assert_eq!((day.next().days_to(day), day.next().before(1), day.before(0)), (0, day, day));
        for text in ["", "2026-11-31", "2026-1-01", "26-11-2026", "1969-12-31", "9999-01-01", "+2026-11-2", "2026-11-26 ", "２０26-11"] {
            assert_eq!(text.parse::<Day>(), Err(InvalidDay), "{text}");
        }
    }

    #[test]
    fn the_last_day_is_in_a_range_and_the_last_moment_is_not() {
        assert_eq!(range_from("2026-11-26").unwrap().to_rfc3339(), "2026-11-25T16:00:00+00:00");
        assert_eq!(range_to("2026-11-26").unwrap().to_rfc3339(), "2026-11-26T16:00:00+00:00");
        for (text, told) in [
            ("2026-11-26T12:00:00+08:00", "2026-11-26T04:00:00+00:00"),
            ("2026-11-26T04:00:00Z", "2026-11-26T04:00:00+00:00"),
            ("2026-11-26T04:00:00.25Z", "2026-11-26T04:00:01+00:00"),
        ] {
            assert_eq!([range_from(text), range_to(text)].map(|time| time.unwrap().to_rfc3339()), [told, told], "{text}");
        }
        for text in ["", "today", "2026-11-26T12:00:00", "0000-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "1764129600"] {
            assert_eq!((range_from(text), range_to(text)), (Err(InvalidMoment), Err(InvalidMoment)), "{text}");
        }
    }
}
