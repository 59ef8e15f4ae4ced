//! What a failed try means.

use sqlx::Error;
use sqlx::mysql::MySqlDatabaseError;

use super::StoreError;

/// Of a failure that lasts: read-only after a fail-over, disk full.
pub const CANNOT_WRITE: &str = "the server cannot write now";

/// What a failed try means.
#[derive(Debug)]
pub enum Failure {
    /// A unique index refused the row.
    Conflict,
    /// A deadlock or a lock held too long: the statement alone was rolled back.
    Contention,
    /// The connection is gone; the statement may have been carried out.
    Broken,
    /// No answer in time; the statement may have been carried out.
    TooSlow,
    /// The server cannot do it now: read-only after a fail-over, shutting down, disk full.
    Unable,
    /// The statement is wrong for this schema. Only the number goes on: the text may quote values.
    Refused(String),
}

impl Failure {
    pub fn of(error: &Error) -> Self {
        let Error::Database(database) = error else {
            return match error {
                Error::Io(_) | Error::Tls(_) | Error::Protocol(_) | Error::WorkerCrashed => Self::Broken,
                Error::ColumnDecode { index, .. } => Self::Refused(format!("column {index} cannot be read")),
                _ => Self::Refused("an unexpected answer".to_owned()),
            };
        };
        if database.is_unique_violation() {
            return Self::Conflict;
        }
        if let Some(mysql) = database.try_downcast_ref::<MySqlDatabaseError>() {
            return match mysql.number() {
                // Deadlock, lock wait; record changed (Galera); TiDB's write conflicts.
                1213 | 1205 | 1020 | 8002 | 8028 | 9007 => Self::Contention,
                // Shutting down, connection killed or timed out.
                1053 | 1927 | 4031 | 1152 | 1158..=1161 => Self::Broken,
                // Read-only, no quorum, disk full, interrupted, too many connections.
                1290 | 1792 | 1836 | 1047 | 1021 | 1114 | 1030 | 1317 | 1969 | 3024 | 1040 => Self::Unable,
                number => Self::Refused(format!("error {number}")),
            };
        }
        // SQLite's primary result code is the low byte of the extended one.
        match database.code().and_then(|code| code.parse::<u32>().ok()).map(|code| code & 0xff) {
            Some(5 | 6) => Self::Contention,
            Some(8 | 10 | 13 | 14) => Self::Unable,
            code => Self::Refused(format!("SQLite error {code:?}")),
        }
    }
}

impl From<Failure> for StoreError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Conflict => Self::Conflict,
            Failure::Contention => Self::Unavailable("too much contention"),
            Failure::Broken => Self::Unavailable("the connection broke"),
            Failure::TooSlow => Self::Unavailable("no answer in time"),
            Failure::Unable => Self::Unavailable(CANNOT_WRITE),
            Failure::Refused(why) => Self::Refused(why),
        }
    }
}
