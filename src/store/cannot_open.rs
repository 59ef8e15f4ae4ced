//! Why a database cannot be opened, in an operator's words: which one, what is wrong, what the system says. User and password
//! are in none of them, nor are the texts of the server, which show users.

use std::io;

use sqlx::Error;
use sqlx::mysql::MySqlDatabaseError;

use super::connection::DatabaseUrl;

/// A database that cannot be opened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {reason}{}", .cause.as_ref().map(|cause| format!(" ({cause})")).unwrap_or_default())]
pub struct CannotOpen {
    place: String,
    reason: &'static str,
    cause: Option<String>,
    lasts: bool,
}

impl CannotOpen {
    /// By what the driver says.
    pub(super) fn of(url: &DatabaseUrl, error: &Error) -> Self {
        let Self { reason, cause, lasts, .. } = match error {
            Error::Io(error) => Self::passing("the database cannot be reached", Some(error.to_string())),
            Error::Tls(error) => Self::lasting("TLS to the database failed", Some(error.to_string())),
            Error::Database(database) => match database.try_downcast_ref::<MySqlDatabaseError>() {
                Some(mysql) => mysql_reason(mysql.number()),
                None => sqlite_reason(database.code().and_then(|code| code.parse().ok()).unwrap_or(0)),
            },
            _ => Self::passing("the database cannot be reached", None),
        };
        Self { place: url.to_string(), reason, cause, lasts }
    }

    /// A file or folder that the system does not let us have.
    pub(super) fn no_access(url: &DatabaseUrl, reason: &'static str, error: &io::Error) -> Self {
        Self { place: url.to_string(), ..Self::lasting(reason, Some(error.to_string())) }
    }

    pub(super) fn too_slow(url: &DatabaseUrl) -> Self {
        Self { place: url.to_string(), ..Self::passing("no connection in time", None) }
    }

    fn lasting(reason: &'static str, cause: Option<String>) -> Self {
        Self { place: String::new(), reason, cause, lasts: true }
    }

    fn passing(reason: &'static str, cause: Option<String>) -> Self {
        Self { lasts: false, ..Self::lasting(reason, cause) }
    }

    /// What is wrong, without the place: callers are told no more.
    pub(super) fn reason(&self) -> &'static str {
        self.reason
    }

    /// Whether waiting will not help: a wrong password, no such database, a file that may not be written.
    pub fn lasts(&self) -> bool {
        self.lasts
    }
}

fn mysql_reason(number: u16) -> CannotOpen {
    let cause = Some(format!("error {number}"));
    match number {
        1044 | 1045 | 1698 => CannotOpen::lasting("the database refuses user or password", cause),
        1049 => CannotOpen::lasting("there is no such database", cause),
        1130 => CannotOpen::lasting("the database does not let this machine in", cause),
        1040 | 1203 | 1226 => CannotOpen::passing("the database has too many connections", cause),
        _ => CannotOpen::passing("the database refuses the connection", cause),
    }
}

/// By SQLite's primary result code, which is the low byte of the extended one.
fn sqlite_reason(code: u32) -> CannotOpen {
    match code & 0xff {
        5 | 6 => CannotOpen::passing("another program holds the file", None),
        11 | 26 => CannotOpen::lasting("the file is no SQLite database, or is damaged", None),
        _ => CannotOpen::lasting("the file cannot be opened", Some(format!("SQLite error {code}"))),
    }
}
