//! Where the database is: a URL, parsed once and told without its password.

use std::str::FromStr;
use std::time::Duration;

use sqlx::ConnectOptions;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};

use super::servers::{STATEMENTS, Servers};
use super::table_names::TableNames;

/// How long a writer of SQLite waits for another process that writes; below the workers' limit a statement.
pub(super) const SQLITE_BUSY: Duration = Duration::from_millis(1500);

/// Where the database is, and what our tables are called there. What is shown of it holds neither user nor password.
#[derive(Clone)]
pub struct DatabaseUrl {
    pub(super) target: Target,
    names: TableNames,
}

/// Which driver, and how it connects.
#[derive(Clone)]
pub(super) enum Target {
    MySql(Box<Servers>),
    Sqlite(Box<SqliteConnectOptions>),
}

/// The URL is neither `sqlite://path` nor `mysql://user:pass@host:3306/db`, of which there may be several hosts: `one:3306,other:3306`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidDatabaseUrl {
    /// Another scheme, or none.
    #[error("the database URL begins with sqlite:// or mysql://")]
    Scheme,
    /// The rest of it is malformed. (What exactly is not said: it holds a password.)
    #[error("the database URL is malformed; in user and password, each of / @ : # ? % must be written as %2F %40 %3A %23 %3F %25")]
    Malformed,
    /// No database is named.
    #[error("the MySQL URL names no database: mysql://user:pass@host:3306/db")]
    NoDatabase,
    /// A database that is gone with the process cannot keep payments.
    #[error("an SQLite database is a file, not memory")]
    InMemory,
}

impl FromStr for DatabaseUrl {
    type Err = InvalidDatabaseUrl;

    fn from_str(url: &str) -> Result<Self, InvalidDatabaseUrl> {
        if url.starts_with("mysql://") || url.starts_with("mariadb://") {
            let servers: Servers = url.parse().map_err(|_| InvalidDatabaseUrl::Malformed)?;
            let database = servers.options().get_database();
            if database.is_none_or(str::is_empty) {
                return Err(InvalidDatabaseUrl::NoDatabase);
            }
            // The end of a password that was not encoded, most likely; and names are shown.
            if database.is_some_and(|name| name.contains(['/', '@'])) {
                return Err(InvalidDatabaseUrl::Malformed);
            }
            Ok(Self::to(Target::MySql(Box::new(servers))))
        } else if url.starts_with("sqlite:") {
            let options: SqliteConnectOptions = url.parse().map_err(|_| InvalidDatabaseUrl::Malformed)?;
            if url.contains(":memory:") || url.contains("mode=memory") {
                return Err(InvalidDatabaseUrl::InMemory);
            }
            let options = options
                .create_if_missing(true)
                .journal_mode(SqliteJournalMode::Wal)
                // In WAL mode NORMAL would lose the last commits with the power.
                .synchronous(SqliteSynchronous::Full)
                .busy_timeout(SQLITE_BUSY)
                .statement_cache_capacity(STATEMENTS)
                .disable_statement_logging();
            Ok(Self::to(Target::Sqlite(Box::new(options))))
        } else {
            Err(InvalidDatabaseUrl::Scheme)
        }
    }
}

impl DatabaseUrl {
    fn to(target: Target) -> Self {
        Self { target, names: TableNames::default() }
    }

    /// The same database, with tables that are called otherwise.
    #[must_use]
    pub fn with_tables(self, names: TableNames) -> Self {
        Self { names, ..self }
    }

    /// What our tables are called.
    pub fn names(&self) -> &TableNames {
        &self.names
    }

    /// The servers, if it is on any.
    pub(in crate::store) fn servers(&self) -> Option<&Servers> {
        match &self.target {
            Target::MySql(servers) => Some(servers),
            Target::Sqlite(_) => None,
        }
    }

    /// Whether it is SQLite, which has one writer.
    pub fn is_sqlite(&self) -> bool {
        matches!(self.target, Target::Sqlite(_))
    }

    /// The file of an SQLite database.
    pub fn file(&self) -> Option<&std::path::Path> {
        match &self.target {
            Target::Sqlite(options) => Some(options.get_filename()),
            Target::MySql(_) => None,
        }
    }
}

/// Which database it is, for people.
impl std::fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.target {
            Target::MySql(servers) => servers.fmt(f),
            Target::Sqlite(options) => {
                let file = options.get_filename();
                // Whole, for it matters where a program was started.
                write!(f, "SQLite database {}", std::path::absolute(file).as_deref().unwrap_or(file).display())
            }
        }
    }
}

impl std::fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self.target {
            Target::MySql(_) => "mysql://[hidden]",
            Target::Sqlite(_) => "sqlite://[hidden]",
        })
    }
}
