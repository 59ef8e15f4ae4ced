//! One connection to either engine, set up so that what it acknowledges is true.

use std::net::IpAddr;
use std::str::FromStr;
use std::time::Duration;

use sqlx::mysql::MySqlConnectOptions;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions, Error, MySqlConnection, SqliteConnection};
use tokio::time::timeout;

use crate::resolver::Resolver;

use super::StoreError;
use super::cannot_open::CannotOpen;
use super::check::WrongSchema;
use super::failure::Failure;
use super::file;
use super::table_names::{Renaming, TableNames};
use super::worker::Lane;

/// A connection that takes longer is taken for one that cannot be had.
const CONNECT: Duration = Duration::from_millis(1500);
/// Statements that stay prepared on a connection: more than there are.
const STATEMENTS: usize = 200;
/// A look at the schema that takes longer is taken for one that is never answered. A server of many tables needs some seconds.
const LOOK: Duration = Duration::from_secs(15);
/// For as long a change of the schema, or a look, waits for a table that others have locked: the server's default is a day.
const FOR_OTHERS: &str = "SET SESSION lock_wait_timeout = 5";
/// How long a writer of SQLite waits for another process that writes; below the workers' limit a statement.
const SQLITE_BUSY: Duration = Duration::from_millis(1500);

/// What is asked of a session, and done without where the server does not know it.
///
/// Without gap locks, changes of different rows never meet (the isolation level has two names), and so no lock need be waited
/// for at all where the server can do that (MariaDB): the queue waits, and holds up nobody with it. Only a server that writes
/// its binary log by statements must have the gap locks, and then they are waited for. A statement that outlives its caller is
/// ended, by MariaDB.
const WISHES: [&str; 4] = [
    "SET SESSION tx_isolation = IF(@@GLOBAL.log_bin AND @@SESSION.binlog_format = 'STATEMENT', @@SESSION.tx_isolation, 'READ-COMMITTED')",
    "SET SESSION transaction_isolation = \
     IF(@@GLOBAL.log_bin AND @@SESSION.binlog_format = 'STATEMENT', @@SESSION.transaction_isolation, 'READ-COMMITTED')",
    "SET SESSION innodb_lock_wait_timeout = IF(@@GLOBAL.log_bin AND @@SESSION.binlog_format = 'STATEMENT', 1, 0), lock_wait_timeout = 0",
    "SET SESSION max_statement_time = 3",
];

/// Where the database is, and what our tables are called there. What is shown of it holds neither user nor password.
#[derive(Clone)]
pub struct DatabaseUrl {
    target: Target,
    /// Shared by all workers.
    resolver: Resolver,
    names: TableNames,
}

#[derive(Clone)]
enum Target {
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
    async fn look_up_host(&self) -> Result<(), Error> {
        let Target::MySql(options) = &self.target else { return Ok(()) };
        let host = options.get_host().trim_matches(['[', ']']);
        if options.get_socket().is_some() || host.parse::<IpAddr>().is_ok() {
            return Ok(());
        }
        Ok(self.resolver.look_up(host).await?)
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

/// One connection.
pub enum Conn {
    MySql(MySql),
    Sqlite(Sqlite),
}

/// One to a server.
pub type MySql = Renaming<MySqlConnection>;
/// One to a file.
pub type Sqlite = Renaming<SqliteConnection>;

/// Runs one text on the connection of whichever engine it is, with that engine's native types.
macro_rules! on_conn {
    ($conn:expr, $c:ident => $body:expr) => {
        match $conn {
            Conn::MySql($c) => $body,
            Conn::Sqlite($c) => $body,
        }
    };
}
pub(super) use on_conn;

impl Conn {
    /// What a table of ours is called, to be bound where its name is a value.
    pub fn table(&self, plain: &str) -> String {
        on_conn!(self, c => c.table(plain))
    }

    /// What is wrong with the tables, as they are called.
    pub fn wrong(&self, wrong: &WrongSchema) -> StoreError {
        StoreError::WrongSchema(on_conn!(self, c => c.names().told(&wrong.to_string())))
    }

    /// Runs one parameterless statement.
    pub async fn execute(&mut self, sql: &'static str) -> Result<u64, Error> {
        Ok(on_conn!(self, c => sqlx::raw_sql(sql).execute(&mut *c).await?.rows_affected()))
    }

    /// Begins what [`Conn::end`] ends. In MySQL the first statement does that by itself on a connection for changes: to say
    /// so would cost each a round trip. SQLite's transaction has the writer's place from the start.
    pub async fn begin(&mut self) -> Result<(), Error> {
        match self {
            Self::MySql(_) => Ok(()),
            Self::Sqlite(_) => self.execute("BEGIN IMMEDIATE").await.map(|_| ()),
        }
    }

    /// Ends a transaction by what came of it: committed if something was changed, given up otherwise.
    pub async fn end<T>(&mut self, outcome: Result<(bool, T), Error>) -> Result<T, Error> {
        let ended = match outcome {
            Ok((changed, answer)) => self.execute(if changed { "COMMIT" } else { "ROLLBACK" }).await.map(|_| answer),
            Err(error) => Err(error),
        };
        let Err(error) = ended else { return ended };
        // A connection that cannot even do this must not be used again, nor is one whose server cannot write: SQLite has
        // rolled back by itself when the disk is full.
        match self.execute("ROLLBACK").await {
            Err(_) if !matches!(Failure::of(&error), Failure::Unable) => Err(Error::WorkerCrashed),
            _ => Err(error),
        }
    }

    /// Whether the server still answers.
    pub async fn ping(&mut self) -> Result<(), Error> {
        on_conn!(self, c => c.ping().await)
    }
}

/// A connection for the workers: strict, in Beijing time, never waiting for a lock where that can be had. On one for questions each is by
/// itself; on one for changes nothing is stored before [`Conn::end`] says so.
pub async fn connect(url: &DatabaseUrl, lane: Lane) -> Result<Conn, StoreError> {
    // Callers may be told of it, so the place is left out.
    let mut conn = open(url).await.map_err(|error| StoreError::Unavailable(error.reason()))?;
    let set_up = async {
        if let Conn::MySql(_) = conn {
            // At most a second, which is MySQL's least.
            let session = match lane {
                Lane::Read => "SET SESSION innodb_lock_wait_timeout = 1, lock_wait_timeout = 1",
                Lane::Write => "SET SESSION innodb_lock_wait_timeout = 1, lock_wait_timeout = 1, autocommit = 0",
            };
            conn.execute(session).await?;
            for wish in WISHES {
                let _ = conn.execute(wish).await;
            }
        }
        Ok::<_, Error>(())
    };
    timeout(CONNECT, set_up)
        .await
        .map_err(|_| StoreError::Unavailable("no answer in time"))?
        .map_err(|_| StoreError::Unavailable("no session"))?;
    Ok(conn)
}

/// A connection without limits on how long a statement may take, once it has its table: for changes of the schema.
pub async fn open(url: &DatabaseUrl) -> Result<Conn, CannotOpen> {
    let connecting = async {
        url.look_up_host().await?;
        match &url.target {
            Target::MySql(options) => {
                let mut conn = Conn::MySql(Renaming::new(options.connect().await?, &url.names));
                // Whatever the server's defaults are: cut-off values and lost engines are errors, and a statement that
                // was acknowledged is committed. (completion_type could begin a transaction with every COMMIT.)
                conn.execute("SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION', autocommit = 1, completion_type = 0")
                    .await?;
                conn.execute(FOR_OTHERS).await?;
                Ok(conn)
            }
            Target::Sqlite(options) => Ok(Conn::Sqlite(Renaming::new(options.connect().await?, &url.names))),
        }
    };
    in_time(url, connecting).await
}

/// A connection on which nothing can be changed, for whoever only looks: the server refuses, or the file is open for
/// reading only. A file that is not there is not made.
pub async fn open_to_look(url: &DatabaseUrl) -> Result<Conn, CannotOpen> {
    file::try_to_read(url)?;
    let connecting = async {
        url.look_up_host().await?;
        match &url.target {
            Target::MySql(options) => {
                let mut conn = Conn::MySql(Renaming::new(options.connect().await?, &url.names));
                conn.execute("SET SESSION TRANSACTION READ ONLY").await?;
                conn.execute(FOR_OTHERS).await?;
                Ok(conn)
            }
            Target::Sqlite(options) => {
                // Not the service's options: those would turn the file into one with a write-ahead log. Without a log beside
                // the file nobody is at it, and a reader need not make one.
                let file = options.get_filename();
                let mut log = file.as_os_str().to_owned();
                log.push("-wal");
                let options = SqliteConnectOptions::new()
                    .filename(file)
                    .read_only(true)
                    .immutable(!std::path::Path::new(&log).exists())
                    .busy_timeout(SQLITE_BUSY);
                Ok(Conn::Sqlite(Renaming::new(options.disable_statement_logging().connect().await?, &url.names)))
            }
        }
    };
    in_time(url, connecting).await
}

/// Looks, and gives up on a server that has gone silent.
pub async fn look<T>(looking: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
    timeout(LOOK, looking).await.unwrap_or(Err(StoreError::Unavailable("no answer in time")))
}

async fn in_time(url: &DatabaseUrl, connecting: impl Future<Output = Result<Conn, Error>>) -> Result<Conn, CannotOpen> {
    match timeout(CONNECT, connecting).await {
        Ok(opened) => opened.map_err(|error| CannotOpen::of(url, &error)),
        Err(_) => Err(CannotOpen::too_slow(url)),
    }
}
