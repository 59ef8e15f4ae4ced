//! What a driver says went wrong, by its numbers alone: a server's own words may quote rows, and name users.

use std::io;

use sqlx::Error;
use sqlx::mysql::MySqlDatabaseError;

/// What a driver says went wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DriverError {
    /// MySQL's or MariaDB's number.
    #[error("error {0}")]
    MySql(u16),
    /// SQLite's extended result code.
    #[error("SQLite error {0}")]
    Sqlite(u32),
    /// What the system says of the connection.
    #[error("{0}")]
    Io(io::ErrorKind),
    /// TLS failed.
    #[error("TLS failed")]
    Tls,
    /// Neither side understands the other, or the driver has given the connection up.
    #[error("the connection cannot be used any more")]
    Protocol,
    /// A value is not of the type that the column should have.
    #[error("column {0} cannot be read")]
    Column(String),
    /// Whatever else.
    #[error("an unexpected answer")]
    Unexpected,
}

impl DriverError {
    /// Whether a server says by it that it takes no changes.
    pub fn is_read_only(&self) -> bool {
        matches!(self, Self::MySql(1290 | 1792 | 1836))
    }
}

impl From<&Error> for DriverError {
    fn from(error: &Error) -> Self {
        match error {
            Error::Database(database) => match database.try_downcast_ref::<MySqlDatabaseError>() {
                Some(mysql) => Self::MySql(mysql.number()),
                None => database.code().and_then(|code| code.parse().ok()).map_or(Self::Unexpected, Self::Sqlite),
            },
            Error::Io(error) => Self::Io(error.kind()),
            Error::Tls(_) => Self::Tls,
            Error::Protocol(_) | Error::WorkerCrashed => Self::Protocol,
            Error::ColumnDecode { index, .. } => Self::Column(index.clone()),
            _ => Self::Unexpected,
        }
    }
}
