//! Where the database is: a URL, parsed once and told without its password.

use std::net::IpAddr;
use std::str::FromStr;
use std::time::Duration;

use sqlx::mysql::MySqlConnectOptions;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions, Error};

use crate::resolver::Resolver;

use super::table_names::TableNames;

/// Statements that stay prepared on a connection: more than there are.
const STATEMENTS: usize = 200;
/// How long a writer of SQLite waits for another process that writes; below the workers' limit a statement.
pub(super) const SQLITE_BUSY: Duration = Duration::from_millis(1500);

/// Where the database is, and what our tables are called there. What is shown of it holds neither user nor password.
#[derive(Clone)]
pub struct DatabaseUrl {
    pub(super) target: Target,
    /// Shared by all workers.
    resolver: Resolver,
    names: TableNames,
}

/// Which driver, and how it connects.
#[derive(Clone)]
pub(super) enum Target {
    MySql(Box<MySqlConnectOptions>),
    Sqlite(Box<SqliteConnectOptions>),
}

/// The URL is neither `sqlite://path` nor `mysql://user:pass@host:3306/db`.
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
            let options: MySqlConnectOptions = url.parse().map_err(|_| InvalidDatabaseUrl::Malformed)?;
            if options.get_database().is_none_or(str::is_empty) {
                return Err(InvalidDatabaseUrl::NoDatabase);
            }
            // The end of a password that was not encoded, most likely; and names are shown.
            if options.get_database().is_some_and(|name| name.contains(['/', '@'])) {
                return Err(InvalidDatabaseUrl::Malformed);
            }
            // Beijing time in every session; the SQL mode is set whole in `connect`.
            let options = options.timezone(Some("+08:00".to_owned())).pipes_as_concat(false).no_engine_substitution(false);
            Ok(Self::to(Target::MySql(Box::new(options.statement_cache_capacity(STATEMENTS).disable_statement_logging()))))
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
        Self { target, resolver: Resolver::new(), names: TableNames::default() }
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

    /// Has the name of a server's host looked up, once for all workers that wait for it: the driver would have a thread blocked
    /// for each of their tries.
    pub(super) async fn look_up_host(&self) -> Result<(), Error> {
        let Target::MySql(options) = &self.target else { return Ok(()) };
        let host = options.get_host().trim_matches(['[', ']']);
        if options.get_socket().is_some() || host.parse::<IpAddr>().is_ok() {
            return Ok(());
        }
        self.resolver.look_up(host).await?;
        Ok(())
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
            Target::MySql(options) => {
                let name = options.get_database().unwrap_or_default();
                match options.get_socket() {
                    Some(socket) => write!(f, "MySQL database {name} at {}", socket.display()),
                    None => write!(f, "MySQL database {name} at {}:{}", options.get_host(), options.get_port()),
                }
            }
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
