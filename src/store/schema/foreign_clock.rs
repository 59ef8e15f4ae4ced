//! Which time `CURRENT_TIMESTAMP` is in the sessions of other programs.
//!
//! The original names no time in its inserts: the column's default does, in the time zone of the original's session. That
//! is the server's unless the session says otherwise, and our own sessions do (Beijing), so it is looked up.

use chrono::TimeDelta;
use sqlx::Error;

use crate::deal::{ForeignTime, Timestamp};

use crate::store::engine::connection::{Conn, MySql};

/// How far ahead of UTC Beijing's clocks are, all year round.
const BEIJING: i64 = 8 * 3600;
/// From the easternmost clocks to the westernmost there are so many hours.
const ALL_ZONES: TimeDelta = TimeDelta::hours(26);
/// The easternmost are so far ahead of Beijing's.
const EASTERNMOST: TimeDelta = TimeDelta::hours(6);

/// The clock by which other programs' rows are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ForeignClock {
    /// In seconds ahead of UTC.
    Ahead {
        /// Now.
        now: i64,
        /// The least in a year, where clocks are put forward in summer.
        least: i64,
    },
    /// Sessions get a time zone of their own when they begin, which only they know.
    Unknown,
}

/// Half a year from now clocks that are put forward in summer stand otherwise than now.
const QUESTION: &str = "\
    SELECT CAST(TIMESTAMPDIFF(SECOND, today, CONVERT_TZ(today, '+00:00', @@GLOBAL.time_zone)) AS SIGNED), \
    CAST(TIMESTAMPDIFF(SECOND, later, CONVERT_TZ(later, '+00:00', @@GLOBAL.time_zone)) AS SIGNED), \
    CAST(@@GLOBAL.init_connect LIKE '%time_zone%' AS SIGNED) \
    FROM (SELECT UTC_TIMESTAMP() AS today, UTC_TIMESTAMP() + INTERVAL 182 DAY AS later) clock";

impl ForeignClock {
    /// As in a file of ours.
    pub const BEIJING: Self = Self::Ahead { now: BEIJING, least: BEIJING };

    /// Asks a server for it.
    pub(in crate::store) async fn read_from(conn: &mut Conn) -> Result<Self, Error> {
        match conn {
            Conn::MySql(c) => Self::of_server(c).await,
            Conn::Sqlite(_) => Ok(Self::BEIJING),
        }
    }

    pub(in crate::store) async fn of_server(conn: &mut MySql) -> Result<Self, Error> {
        let (now, later, is_set_by_session): (Option<i64>, Option<i64>, Option<i64>) = sqlx::query_as(QUESTION).fetch_one(conn).await?;
        Ok(match (now, later) {
            (Some(now), Some(later)) if is_set_by_session != Some(1) => Self::Ahead { now, least: now.min(later) },
            _ => Self::Unknown,
        })
    }

    /// What a column that such a session wrote means, by its reading as Beijing time. Rows may also have come from another
    /// server, with a dump, so Beijing time is always one of the possible readings.
    pub(in crate::store) fn read(self, as_beijing: Timestamp) -> ForeignTime {
        match self {
            Self::Ahead { now, least } => {
                let by = |ahead| as_beijing + TimeDelta::seconds(BEIJING - ahead);
                ForeignTime { likely: by(now), latest: by(least).max(as_beijing) }
            }
            Self::Unknown => ForeignTime { likely: as_beijing, latest: as_beijing + ALL_ZONES },
        }
    }

    /// A time that is not after what such a column means.
    pub(in crate::store) fn earliest(self, as_beijing: Timestamp) -> Timestamp {
        if self == Self::BEIJING { as_beijing } else { as_beijing - EASTERNMOST }
    }

    /// How many seconds it is ahead of Beijing's (behind, if negative); `None`: it is not known.
    pub fn ahead_of_beijing(self) -> Option<i64> {
        match self {
            Self::Ahead { now, .. } => Some(now - BEIJING),
            Self::Unknown => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_reading_is_earlier_than_any_clock_that_may_have_written_it() {
        let opened: Timestamp = "2026-04-01T04:00:00Z".parse().unwrap();
        // As New York writes it in winter and in summer, read at the other time of the year.
        let winter = opened + TimeDelta::hours(-5) - TimeDelta::hours(8);
        let summer = ForeignClock::Ahead { now: -4 * 3600, least: -5 * 3600 };
        assert_eq!(summer.read(winter).latest, opened);
        for ahead in -12..=14 {
            let written = opened + TimeDelta::hours(ahead) - TimeDelta::hours(8);
            let known = ForeignClock::Ahead { now: ahead * 3600, least: ahead * 3600 };
            for clock in [known, ForeignClock::Unknown] {
                assert!(clock.read(written).latest >= opened, "{ahead} {clock:?}");
                assert!(clock.earliest(written) <= opened, "{ahead} {clock:?}");
            }
            assert_eq!(known.read(written).likely, opened, "{ahead}");
        }
    }
}
