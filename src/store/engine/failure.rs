//! What a failed try means.

use sqlx::Error;

use super::driver_error::DriverError;
use super::error::{Cause, StatementError};

/// What a failed try means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// A unique index refused the row.
    Conflict,
    /// A deadlock or a lock held too long: the statement alone was rolled back.
    Contention,
    /// The connection is gone; the statement may have been carried out.
    Broken(DriverError),
    /// No answer in time; the statement may have been carried out.
    TooSlow,
    /// The server cannot do it now: read-only after a fail-over, shutting down, disk full.
    Unable(DriverError),
    /// The statement is wrong for this schema.
    Refused(DriverError),
}

impl Failure {
    /// By what the driver says.
    pub fn of(error: &Error) -> Self {
        let told = DriverError::from(error);
        if error.as_database_error().is_some_and(|database| database.is_unique_violation()) {
            return Self::Conflict;
        }
        match told {
            DriverError::Io(_) | DriverError::Tls | DriverError::Protocol => Self::Broken(told),
            DriverError::MySql(number) => match number {
                // Deadlock, lock wait; record changed (Galera); TiDB's write conflicts.
                1213 | 1205 | 1020 | 8002 | 8028 | 9007 => Self::Contention,
                // Shutting down, connection killed or timed out.
                1053 | 1927 | 4031 | 1152 | 1158..=1161 => Self::Broken(told),
                // Read-only, no quorum, disk full, interrupted, too many connections.
                1290 | 1792 | 1836 | 1047 | 1021 | 1114 | 1030 | 1317 | 1969 | 3024 | 1040 => Self::Unable(told),
                _ => Self::Refused(told),
            },
            // SQLite's primary result code is the low byte of the extended one.
            DriverError::Sqlite(code) => match code & 0xff {
                5 | 6 => Self::Contention,
                8 | 10 | 13 | 14 => Self::Unable(told),
                _ => Self::Refused(told),
            },
            DriverError::Column(_) | DriverError::Unexpected => Self::Refused(told),
        }
    }
}

impl From<Failure> for StatementError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Conflict => Self::Conflict,
            Failure::Contention => Cause::Contended.into(),
            Failure::Broken(told) => Cause::Broken(told).into(),
            Failure::TooSlow => Cause::TooSlow.into(),
            Failure::Unable(told) => Cause::CannotWrite(told).into(),
            Failure::Refused(told) => Self::Refused(told),
        }
    }
}
