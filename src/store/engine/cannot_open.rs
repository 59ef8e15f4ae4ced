//! Why a database cannot be opened, in an operator's words: which one, what is wrong, what the system says. User and password
//! are in none of them, nor are the texts of the server, which show users.

use std::io;

use sqlx::Error;
use sqlx::mysql::MySqlDatabaseError;

use super::database_url::DatabaseUrl;
use super::host::Host;

/// A database that cannot be opened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {reason}{}", .details.as_ref().map(|details| format!(" ({details})")).unwrap_or_default())]
pub struct CannotOpen {
    place: String,
    reason: Reason,
    /// What the system says, or the server's number.
    details: Option<String>,
}

/// What is wrong with a database that cannot be opened, without the place: callers are told no more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    /// No server answers there.
    #[error("the database cannot be reached")]
    Unreachable,
    /// It does not answer in time.
    #[error("no connection in time")]
    TooSlow,
    /// TLS failed.
    #[error("TLS to the database failed")]
    Tls,
    /// Wrong user or password.
    #[error("the database refuses user or password")]
    Credentials,
    /// The server has none of this name.
    #[error("there is no such database")]
    NoSuchDatabase,
    /// The server takes no connection from this machine.
    #[error("the database does not let this machine in")]
    Host,
    /// The server has given all its connections away.
    #[error("the database has too many connections")]
    TooManyConnections,
    /// The server says no for another reason.
    #[error("the database refuses the connection")]
    Refused,
    /// Another program has the file for itself.
    #[error("another program holds the file")]
    FileHeld,
    /// The file is none of SQLite's.
    #[error("the file is no SQLite database, or is damaged")]
    NotSqlite,
    /// SQLite cannot open the file.
    #[error("the file cannot be opened")]
    FileUnusable,
    /// The system does not let us write the file.
    #[error("the file cannot be written")]
    FileNotWritable,
    /// The system does not let us read the file.
    #[error("the file cannot be read")]
    FileNotReadable,
    /// The folder of the file is not there and cannot be made.
    #[error("its folder cannot be made")]
    NoFolder,
    /// The system does not let us write beside the file.
    #[error("its folder cannot be written")]
    FolderNotWritable,
}

impl Reason {
    /// Whether waiting will not help: a wrong password, no such database, a file that may not be written.
    fn lasts(self) -> bool {
        match self {
            Self::Unreachable | Self::TooSlow | Self::TooManyConnections | Self::Refused | Self::FileHeld => false,
            Self::Tls
            | Self::Credentials
            | Self::NoSuchDatabase
            | Self::Host
            | Self::NotSqlite
            | Self::FileUnusable
            | Self::FileNotWritable
            | Self::FileNotReadable
            | Self::NoFolder
            | Self::FolderNotWritable => true,
        }
    }

    /// The word under which a statement is counted that found no connection.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Unreachable => "unreachable",
            Self::TooSlow => "connect_too_slow",
            Self::Tls => "tls_failed",
            Self::Credentials => "credentials_refused",
            Self::NoSuchDatabase => "no_such_database",
            Self::Host => "host_refused",
            Self::TooManyConnections => "too_many_connections",
            Self::Refused => "connection_refused",
            Self::FileHeld => "file_held",
            Self::NotSqlite
            | Self::FileUnusable
            | Self::FileNotWritable
            | Self::FileNotReadable
            | Self::NoFolder
            | Self::FolderNotWritable => "file_unusable",
        }
    }
}

impl CannotOpen {
    /// By what the driver says.
    pub fn of(url: &DatabaseUrl, error: &Error) -> Self {
        let (reason, details) = match error {
            Error::Io(error) => (Reason::Unreachable, Some(error.to_string())),
            Error::Tls(error) => (Reason::Tls, Some(error.to_string())),
            Error::Database(database) => match database.try_downcast_ref::<MySqlDatabaseError>() {
                Some(mysql) => (mysql_reason(mysql.number()), Some(format!("error {}", mysql.number()))),
                None => sqlite_reason(database.code().and_then(|code| code.parse().ok()).unwrap_or(0)),
            },
            _ => (Reason::Unreachable, None),
        };
        Self { place: url.to_string(), reason, details }
    }

    /// A file or folder that the system does not let us have.
    pub(super) fn no_access(url: &DatabaseUrl, reason: Reason, error: &io::Error) -> Self {
        Self { place: url.to_string(), reason, details: Some(error.to_string()) }
    }

    pub(super) fn too_slow(url: &DatabaseUrl) -> Self {
        Self { place: url.to_string(), reason: Reason::TooSlow, details: None }
    }

    /// The same of one of several servers.
    pub(super) fn at(self, host: &Host) -> Self {
        let details = self.details.map_or_else(|| host.to_string(), |details| format!("{host}: {details}"));
        Self { details: Some(details), ..self }
    }

    /// Whether the server is there, and has no connection left for us.
    pub(super) fn is_crowded(&self) -> bool {
        self.reason == Reason::TooManyConnections
    }

    /// What is wrong, without the place.
    pub(super) fn reason(&self) -> Reason {
        self.reason
    }

    /// Whether waiting will not help: a wrong password, no such database, a file that may not be written.
    pub fn lasts(&self) -> bool {
        self.reason.lasts()
    }
}

fn mysql_reason(number: u16) -> Reason {
    match number {
        1044 | 1045 | 1698 => Reason::Credentials,
        1049 => Reason::NoSuchDatabase,
        1130 => Reason::Host,
        1040 | 1203 | 1226 => Reason::TooManyConnections,
        _ => Reason::Refused,
    }
}

/// By SQLite's primary result code, which is the low byte of the extended one.
fn sqlite_reason(code: u32) -> (Reason, Option<String>) {
    match code & 0xff {
        5 | 6 => (Reason::FileHeld, None),
        11 | 26 => (Reason::NotSqlite, None),
        _ => (Reason::FileUnusable, Some(format!("SQLite error {code}"))),
    }
}
