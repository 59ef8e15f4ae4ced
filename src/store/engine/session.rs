//! Opening a connection, and setting its session up so that what it acknowledges is true.

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Error};
use tokio::time::timeout;

use super::cannot_open::CannotOpen;
use super::connection::Conn;
use super::database_url::{DatabaseUrl, SQLITE_BUSY, Target};
use super::driver_error::DriverError;
use super::error::Cause;
use super::file;
use super::lane::Lane;
use super::seek::{CONNECT, Need, Opened, be_causal, seek};
use super::table_names::Renaming;

/// For as long a change of the schema, or a look, waits for a table that others have locked: the server's default is a day.
const FOR_OTHERS: &str = "SET SESSION lock_wait_timeout = 5";

/// What is asked of a session, and done without where the server does not know it.
///
/// Without gap locks, changes of different rows never meet (the isolation level has two names), and so no lock need be waited
/// for at all where the server can do that (MariaDB): the queue waits, and holds up no worker with it. Only a server that writes
/// its binary log by statements must have the gap locks, and then they are waited for. A statement that outlives its caller is
/// ended, by MariaDB.
const WISHES: [&str; 4] = [
    "SET SESSION tx_isolation = IF(@@GLOBAL.log_bin AND @@SESSION.binlog_format = 'STATEMENT', @@SESSION.tx_isolation, 'READ-COMMITTED')",
    "SET SESSION transaction_isolation = \
     IF(@@GLOBAL.log_bin AND @@SESSION.binlog_format = 'STATEMENT', @@SESSION.transaction_isolation, 'READ-COMMITTED')",
    "SET SESSION innodb_lock_wait_timeout = IF(@@GLOBAL.log_bin AND @@SESSION.binlog_format = 'STATEMENT', 1, 0), lock_wait_timeout = 0",
    "SET SESSION max_statement_time = 3",
];

/// A connection for the workers: strict, in Beijing time, never waiting for a lock where that can be had. On one for changes
/// nothing is stored before [`Conn::end`] says so; on any other nothing can be changed.
///
/// # Errors
/// [`Cause::Unreachable`], [`Cause::TooSlow`], [`Cause::Broken`].
pub async fn connect(url: &DatabaseUrl, lane: Lane) -> Result<Conn, Cause> {
    connect_somewhere(url, lane).await.map(|opened| opened.conn)
}

/// The same, and to which of several servers.
///
/// # Errors
/// As [`connect`].
pub async fn connect_somewhere(url: &DatabaseUrl, lane: Lane) -> Result<Opened, Cause> {
    // Callers may be told of it, so the place is left out.
    let mut opened = open_somewhere(url).await.map_err(|error| Cause::Unreachable(error.reason()))?;
    match timeout(CONNECT, set_up(&mut opened.conn, lane)).await {
        Ok(Ok(())) => Ok(opened),
        Ok(Err(error)) => Err(Cause::Broken(DriverError::from(&error))),
        Err(_) => Err(Cause::TooSlow),
    }
}

async fn set_up(conn: &mut Conn, lane: Lane) -> Result<(), Error> {
    match (&*conn, lane) {
        (Conn::Sqlite(_), Lane::Write) => return Ok(()),
        (Conn::Sqlite(_), Lane::Read | Lane::Report) => return conn.execute("PRAGMA query_only = ON").await.map(|_| ()),
        (Conn::MySql(_), Lane::Write) => {
            conn.set_savepoints_in_a_cluster().await?;
            // At most a second, which is MySQL's least.
            conn.execute("SET SESSION innodb_lock_wait_timeout = 1, lock_wait_timeout = 1, autocommit = 0").await?;
        }
        (Conn::MySql(_), Lane::Read | Lane::Report) => {
            conn.execute("SET SESSION innodb_lock_wait_timeout = 1, lock_wait_timeout = 1").await?;
            conn.execute("SET SESSION TRANSACTION READ ONLY").await?;
        }
    }
    for wish in WISHES {
        let _ = conn.execute(wish).await;
    }
    Ok(())
}

/// A connection without limits on how long a statement may take, once it has its table: for changes of the schema.
pub async fn open(url: &DatabaseUrl) -> Result<Conn, CannotOpen> {
    open_somewhere(url).await.map(|opened| opened.conn)
}

async fn open_somewhere(url: &DatabaseUrl) -> Result<Opened, CannotOpen> {
    match &url.target {
        Target::MySql(servers) => {
            let mut opened = seek(url, servers, Need::Write).await?;
            let conn = &mut opened.conn;
            let setting_up = async {
                // Whatever the server's defaults are: cut-off values and lost engines are errors, and a statement that
                // was acknowledged is committed. (completion_type could begin a transaction with every COMMIT.)
                conn.execute("SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION', autocommit = 1, completion_type = 0")
                    .await?;
                conn.execute(FOR_OTHERS).await?;
                be_causal(conn).await;
                Ok(())
            };
            in_time(url, setting_up).await?;
            Ok(opened)
        }
        Target::Sqlite(options) => {
            let conn = in_time(url, options.connect()).await?;
            Ok(Opened { conn: Conn::Sqlite(Renaming::new(conn, url.names())), host: None, turn: 0 })
        }
    }
}

/// A connection on which nothing can be changed, for a task that only looks: the server refuses, or the file is open for
/// reading only. A file that is not there is not made.
pub async fn open_to_look(url: &DatabaseUrl) -> Result<Conn, CannotOpen> {
    file::try_to_read(url)?;
    match &url.target {
        Target::MySql(servers) => {
            let mut conn = seek(url, servers, Need::Read).await?.conn;
            let setting_up = async {
                conn.execute("SET SESSION TRANSACTION READ ONLY").await?;
                conn.execute(FOR_OTHERS).await?;
                be_causal(&mut conn).await;
                Ok(())
            };
            in_time(url, setting_up).await?;
            Ok(conn)
        }
        Target::Sqlite(options) => {
            // Not the service's options: those would turn the file into one with a write-ahead log. Without a log beside
            // the file no program is at it, and a reader need not make one.
            let file = options.get_filename();
            let mut log = file.as_os_str().to_owned();
            log.push("-wal");
            let options = SqliteConnectOptions::new()
                .filename(file)
                .read_only(true)
                .immutable(!std::path::Path::new(&log).exists())
                .busy_timeout(SQLITE_BUSY);
            let conn = in_time(url, options.disable_statement_logging().connect()).await?;
            Ok(Conn::Sqlite(Renaming::new(conn, url.names())))
        }
    }
}

/// The same, to a server that perhaps answers nothing of a table.
pub async fn open_to_ask(url: &DatabaseUrl) -> Result<Conn, CannotOpen> {
    match &url.target {
        Target::MySql(servers) => Ok(seek(url, servers, Need::Any).await?.conn),
        Target::Sqlite(_) => open_to_look(url).await,
    }
}

async fn in_time<T>(url: &DatabaseUrl, work: impl Future<Output = Result<T, Error>>) -> Result<T, CannotOpen> {
    match timeout(CONNECT, work).await {
        Ok(done) => done.map_err(|error| CannotOpen::of(url, &error)),
        Err(_) => Err(CannotOpen::too_slow(url)),
    }
}
