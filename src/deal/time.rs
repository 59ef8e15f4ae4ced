//! Points in time, and how WeChat and the `deal` table write them.

use std::fmt;

use chrono::{DateTime, Datelike, FixedOffset, NaiveDateTime, Timelike, Utc};

/// A point in time. WeChat's messages and the `deal` table show it as [`BeijingTime`].
pub type Timestamp = DateTime<Utc>;

/// A time that another program let its database write. The column has no time zone, so it can be read in more than one way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ForeignTime {
    /// By the clock of that program's sessions, as far as it is known.
    pub likely: Timestamp,
    /// By any clock that it may have been.
    pub latest: Timestamp,
}

/// A time of day as WeChat and the `deal` table write it: Beijing, UTC+8 all year round, in whole seconds of which each
/// minute has sixty. A leap second, which chrono can hold and no column can, is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct BeijingTime(NaiveDateTime);

const BEIJING: FixedOffset = match FixedOffset::east_opt(8 * 3600) {
    Some(offset) => offset,
    None => unreachable!(),
};

impl BeijingTime {
    /// `yyyyMMddHHmmss`, as in `time_expire` and `time_end`.
    pub fn compact(self) -> String {
        self.0.format("%Y%m%d%H%M%S").to_string()
    }

    /// Reads `yyyyMMddHHmmss`; `None` for anything else, the 32nd of a month and the 61st second of a minute included.
    pub fn from_compact(text: &str) -> Option<Self> {
        let digits = text.len() == 14 && text.bytes().all(|b| b.is_ascii_digit());
        let time = digits.then(|| NaiveDateTime::parse_from_str(text, "%Y%m%d%H%M%S").ok()).flatten()?;
        (time.nanosecond() == 0).then_some(Self(time))
    }

    /// The column value of a DATETIME.
    pub fn naive(self) -> NaiveDateTime {
        self.0
    }

    /// The point in time that the column value stands for.
    pub fn timestamp(self) -> Timestamp {
        DateTime::from_naive_utc_and_offset(self.0 - BEIJING, Utc)
    }
}

impl From<Timestamp> for BeijingTime {
    fn from(time: Timestamp) -> Self {
        time.with_timezone(&BEIJING).naive_local().into()
    }
}

impl From<NaiveDateTime> for BeijingTime {
    fn from(column: NaiveDateTime) -> Self {
        // A leap second is chrono's 59th with more than a second behind the comma.
        Self(column.with_nanosecond(0).unwrap_or(column))
    }
}

/// RFC 3339 with `+08:00`, in whole seconds: how answers show a time.
impl fmt::Display for BeijingTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Field by field: chrono would read a format anew each time, and every answer shows two or three times.
        let (date, time) = (self.0.date(), self.0.time());
        let (year, month, day) = (date.year(), date.month(), date.day());
        write!(f, "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}+08:00", time.hour(), time.minute(), time.second())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn beijing_is_eight_hours_ahead_and_round_trips() {
        let utc: Timestamp = "2026-02-28T20:30:00Z".parse().unwrap();
        let beijing = BeijingTime::from(utc);
        assert_eq!(beijing.compact(), "20260301043000");
        assert_eq!(beijing.to_string(), "2026-03-01T04:30:00+08:00");
        assert_eq!(beijing.timestamp(), utc);
        assert_eq!(BeijingTime::from_compact("20260301043000"), Some(beijing));
    }

    #[test]
    fn a_time_that_does_not_exist_is_none() {
        for text in [
            "",
            "20260132000000",
            "20261123125960",
            "20260101250000",
            "2026010100000",
            "202601010000001",
            "2026-01-01 00:00",
            "２０２６0101000000",
        ] {
            assert_eq!(BeijingTime::from_compact(text), None, "{text}");
        }
    }

    #[test]
    fn no_time_has_a_leap_second_or_a_part_of_one() {
        let leap = NaiveDateTime::parse_from_str("2026-11-23 12:59:60", "%Y-%m-%d %H:%M:%S").unwrap();
        let utc: Timestamp = "2026-11-23T04:59:59.999Z".parse().unwrap();
        let leap_in_utc: Timestamp = "2026-11-23T04:59:60.5Z".parse().unwrap();
        for time in [BeijingTime::from(leap), BeijingTime::from(utc), BeijingTime::from(leap_in_utc)] {
            assert_eq!(time.compact(), "20261123125959");
            assert_eq!(time.naive().to_string(), "2026-11-23 12:59:59");
            assert_eq!(time.timestamp().to_rfc3339(), "2026-11-23T04:59:59+00:00");
        }
    }
}
