//! Opening a connection, and setting its session up so that what it acknowledges is true.

use std::time::Duration;

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
use super::table_names::Renaming;

/// A connection that takes longer is taken for one that cannot be had.
const CONNECT: Duration = Duration::from_millis(1500);
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
    // Callers may be told of it, so the place is left out.
    let mut conn = open(url).await.map_err(|error| Cause::Unreachable(error.reason()))?;
    match timeout(CONNECT, set_up(&mut conn, lane)).await {
        Ok(Ok(())) => Ok(conn),
        Ok(Err(error)) => Err(Cause::Broken(DriverError::from(&error))),
        Err(_) => Err(Cause::TooSlow),
    }
}

async fn set_up(conn: &mut Conn, lane: Lane) -> Result<(), Error> {
    match (&*conn, lane) {
        (Conn::Sqlite(_), Lane::Write) => return Ok(()),
        (Conn::Sqlite(_), Lane::Read | Lane::Report) => return conn.execute("PRAGMA query_only = ON").await.map(|_| ()),
        (Conn::MySql(_), Lane::Write) => {
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
    let connecting = async {
        url.look_up_host().await?;
        match &url.target {
            Target::MySql(options) => {
                let mut conn = Conn::MySql(Renaming::new(options.connect().await?, url.names()));
                // Whatever the server's defaults are: cut-off values and lost engines are errors, and a statement that
                // was acknowledged is committed. (completion_type could begin a transaction with every COMMIT.)
                conn.execute("SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION', autocommit = 1, completion_type = 0")
                    .await?;
                conn.execute(FOR_OTHERS).await?;
                Ok(conn)
            }
            Target::Sqlite(options) => Ok(Conn::Sqlite(Renaming::new(options.connect().await?, url.names()))),
        }
    };
    in_time(url, connecting).await
}

/// A connection on which nothing can be changed, for a task that only looks: the server refuses, or the file is open for
/// reading only. A file that is not there is not made.
pub async fn open_to_look(url: &DatabaseUrl) -> Result<Conn, CannotOpen> {
    file::try_to_read(url)?;
    let connecting = async {
        url.look_up_host().await?;
        match &url.target {
            Target::MySql(options) => {
                let mut conn = Conn::MySql(Renaming::new(options.connect().await?, url.names()));
                conn.execute("SET SESSION TRANSACTION READ ONLY").await?;
                conn.execute(FOR_OTHERS).await?;
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
                Ok(Conn::Sqlite(Renaming::new(options.disable_statement_logging().connect().await?, url.names())))
            }
        }
    };
    in_time(url, connecting).await
}

async fn in_time(url: &DatabaseUrl, connecting: impl Future<Output = Result<Conn, Error>>) -> Result<Conn, CannotOpen> {
    match timeout(CONNECT, connecting).await {
        Ok(opened) => opened.map_err(|error| CannotOpen::of(url, &error)),
        Err(_) => Err(CannotOpen::too_slow(url)),
    }
}
