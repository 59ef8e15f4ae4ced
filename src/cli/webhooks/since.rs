//! From when on: a point in time, a Beijing date, or how long ago.

use std::str::FromStr;

use chrono::TimeDelta;

use crate::deal::{Timestamp, range_from};

/// From when on events are sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Since {
    /// From then on.
    At(Timestamp),
    /// Since so long ago.
    Ago(TimeDelta),
}

/// The text is neither.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a time such as 2026-04-01T12:00:00+08:00, a date such as 2026-04-01 (Beijing), or how long ago, such as 2h, is expected")]
pub struct InvalidSince;

impl Since {
    /// The point in time, as of now.
    pub fn before(self, now: Timestamp) -> Timestamp {
        match self {
            Self::At(time) => time,
            Self::Ago(ago) => now - ago,
        }
    }
}

impl FromStr for Since {
    type Err = InvalidSince;

    fn from_str(text: &str) -> Result<Self, InvalidSince> {
        if let Ok(time) = range_from(text) {
            return Ok(Self::At(time));
        }
        const LONGEST: TimeDelta = TimeDelta::days(36_500);
        let ago = humantime::parse_duration(text).ok().and_then(|ago| TimeDelta::from_std(ago).ok());
        ago.filter(|ago| *ago <= LONGEST).map(Self::Ago).ok_or(InvalidSince)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_a_beijing_date_and_how_long_ago_are_read() {
        let now: Timestamp = "2026-04-01T12:00:00Z".parse().unwrap();
        for (text, expected) in [
            ("2026-04-01T12:00:00+08:00", "2026-04-01T04:00:00Z"),
            ("2026-04-01T04:00:00Z", "2026-04-01T04:00:00Z"),
            ("2026-04-01", "2026-03-31T16:00:00Z"),
            ("2h", "2026-04-01T10:00:00Z"),
            ("1d 30m", "2026-03-31T11:30:00Z"),
        ] {
            assert_eq!(text.parse::<Since>().unwrap().before(now), expected.parse::<Timestamp>().unwrap(), "{text}");
        }
        for text in ["", "yesterday", "2026-04-31", "2026-04-01T12:00:00", "-2h", "2", "900000000000y", "1000y"] {
            assert_eq!(text.parse::<Since>(), Err(InvalidSince), "{text}");
        }
    }
}
