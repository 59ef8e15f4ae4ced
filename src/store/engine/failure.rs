//! What a failed try means.

use sqlx::Error;

use super::driver_error::DriverError;
use super::error::{Cause, StatementError};

/// What a failed try means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// A unique index refused the row.
    Conflict,
    /// A deadlock, a lock held too long, a write of another node's that came first: nothing was changed, and a second try may succeed.
    Contention,
    /// Rolled back here, where it waited for its group's word: because a write of another member's came first, or because this member
    /// has left the group meanwhile, and then the others may have it.
    TakenBack,
    /// The connection is gone, or what is behind it did not say how a commit ended; the statement may have been carried out.
    Broken(DriverError),
    /// No answer in time; the statement may have been carried out.
    TooSlow,
    /// The server is not the one to ask now, and another one, or a proxy's next connection, perhaps is: no quorum, read-only after a
    /// fail-over.
    Elsewhere(DriverError),
    /// The server cannot do it now: disk full, too many connections, a statement that was ended.
    Unable(DriverError),
    /// The statement is wrong for this schema.
    Refused(DriverError),
}

/// What is missing when a transaction has been rolled back before its commit ([`Conn::begin`](super::connection::Conn::begin)).
const SAVEPOINT: &str = "SAVEPOINT begun";

impl Failure {
    /// By what the driver says.
    pub fn of(error: &Error) -> Self {
        let told = DriverError::from(error);
        if error.as_database_error().is_some_and(|database| database.is_unique_violation()) {
            return Self::Conflict;
        }
        // By its words: a function that is missing in a trigger of the shop's has the same number.
        if error.as_database_error().is_some_and(|database| database.message().contains(SAVEPOINT)) {
            return Self::Contention;
        }
        match told {
            DriverError::Io(_) | DriverError::Tls | DriverError::Protocol => Self::Broken(told),
            DriverError::MySql(number) => Self::by_number(number),
            // SQLite's primary result code is the low byte of the extended one.
            DriverError::Sqlite(code) => match code & 0xff {
                5 | 6 => Self::Contention,
                8 | 10 | 13 | 14 => Self::Unable(told),
                _ => Self::Refused(told),
            },
            DriverError::Column(_) | DriverError::Unexpected => Self::Refused(told),
        }
    }

    /// By the number of MySQL's, MariaDB's, or a kindred server's.
    fn by_number(number: u16) -> Self {
        let told = DriverError::MySql(number);
        match number {
            // Deadlock, lock wait; record changed (Galera).
            1213 | 1205 | 1020
            // TiDB: write conflicts, a commit that was rolled back, a schema that changed, locks that were not resolved, a
            // transaction that was too old. OceanBase: rolled back, as at a switch of leaders.
            | 8002 | 8005 | 8022 | 8028 | 9004 | 9006 | 9007 | 6002 => Self::Contention,
            // Group Replication.
            3101 => Self::TakenBack,
            // Shutting down, connection killed or timed out.
            1053 | 1927 | 4031 | 1152 | 1158..=1161
            // An error during the commit itself, as when a node leaves its cluster meanwhile. TiDB: what keeps its data did not
            // answer in time, is too busy, or away.
            | 1180 | 9001..=9003 | 9005 => Self::Broken(told),
            // No quorum; read-only, in words of several versions; a member that is none of its group any more, which lets nobody but
            // an operator in at last.
            1047 | 1290 | 1792 | 1836 | 3032 | 3100 | 3796..=3798 => Self::Elsewhere(told),
            // Disk full, interrupted, too many connections.
            1021 | 1114 | 1030 | 1317 | 1969 | 3024 | 1040 => Self::Unable(told),
            _ => Self::Refused(told),
        }
    }
}

impl From<Failure> for StatementError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Conflict => Self::Conflict,
            Failure::Contention | Failure::TakenBack => Cause::Contended.into(),
            Failure::Broken(told) => Cause::Broken(told).into(),
            Failure::TooSlow => Cause::TooSlow.into(),
            Failure::Elsewhere(told) | Failure::Unable(told) => Cause::CannotWrite(told).into(),
            Failure::Refused(told) => Self::Refused(told),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_of_clusters_are_taken_by_their_meaning() {
        let meant = |number| Failure::by_number(number);
        for number in [1213, 1205, 1020, 8002, 8005, 8022, 8028, 9004, 9006, 9007, 6002] {
            assert_eq!(meant(number), Failure::Contention, "{number}: nothing was changed");
        }
        assert_eq!(meant(3101), Failure::TakenBack, "the rest of the group may have it");
        for number in [1053, 1180, 1927, 9001, 9002, 9003, 9005] {
            assert_eq!(meant(number), Failure::Broken(DriverError::MySql(number)), "{number}: it may have been carried out");
        }
        for number in [1047, 1290, 1792, 1836, 3032, 3100, 3796, 3797, 3798] {
            assert_eq!(meant(number), Failure::Elsewhere(DriverError::MySql(number)), "{number}: another server may do it");
        }
        for number in [1021, 1114, 1317, 1040] {
            assert_eq!(meant(number), Failure::Unable(DriverError::MySql(number)), "{number}: not now");
        }
        assert_eq!(meant(1054), Failure::Refused(DriverError::MySql(1054)));
    }
}
