//! One connection to either engine.

use sqlx::mysql::{MySqlArguments, MySqlRow};
use sqlx::sqlite::{SqliteArguments, SqliteRow};
use sqlx::{AssertSqlSafe, Error, FromRow, MySqlConnection, SqliteConnection};

use super::failure::Failure;
use super::table_names::Renaming;
use super::values::Values;

/// One connection.
pub enum Conn {
    /// To a server.
    MySql(MySql),
    /// To a file.
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
            $crate::store::engine::connection::Conn::MySql($c) => $body,
            $crate::store::engine::connection::Conn::Sqlite($c) => $body,
        }
    };
}
pub(in crate::store) use on_conn;

/// What is written once for each engine, when it is first needed: by whether the engine is MySQL.
macro_rules! by_engine {
    ($conn:expr, $written:ty, $write:expr) => {{
        static MYSQL: std::sync::LazyLock<$written> = std::sync::LazyLock::new(|| ($write)(true));
        static SQLITE: std::sync::LazyLock<$written> = std::sync::LazyLock::new(|| ($write)(false));
        let written: &'static $written = if let $crate::store::engine::connection::Conn::MySql(_) = $conn { &MYSQL } else { &SQLITE };
        written
    }};
}
pub(in crate::store) use by_engine;

impl Conn {
    /// What a table of ours is called, to be bound where its name is a value.
    pub fn table(&self, plain: &str) -> String {
        on_conn!(self, c => c.table(plain))
    }

    /// The same words for an operator, about the tables as they are called.
    pub fn told(&self, words: &str) -> String {
        on_conn!(self, c => c.names().told(words))
    }

    /// Runs one parameterless statement.
    pub async fn execute(&mut self, sql: &'static str) -> Result<u64, Error> {
        Ok(on_conn!(self, c => sqlx::raw_sql(sql).execute(&mut *c).await?.rows_affected()))
    }

    /// Runs one statement that changes rows, and returns how many it has changed.
    pub async fn change(&mut self, sql: &'static str, values: Values<'_>) -> Result<u64, Error> {
        Ok(match self {
            Self::MySql(c) => {
                let arguments: MySqlArguments = values.into_arguments().map_err(Error::Encode)?;
                sqlx::query_with(sql, arguments).execute(c).await?.rows_affected()
            }
            Self::Sqlite(c) => {
                let arguments: SqliteArguments = values.into_arguments().map_err(Error::Encode)?;
                sqlx::query_with(sql, arguments).execute(c).await?.rows_affected()
            }
        })
    }

    /// Runs one statement for each of these rows, and returns how many rows have been changed altogether: for changes that do
    /// not travel.
    pub async fn change_each<R: Sync>(
        &mut self,
        sql: &'static str,
        rows: &[&R],
        values: impl Fn(&R) -> Values<'_> + Send,
    ) -> Result<u64, Error> {
        let mut affected = 0;
        for row in rows {
            affected += self.change(sql, values(row)).await?;
        }
        Ok(affected)
    }

    /// Runs one statement whose text is made anew each time, and so is not worth preparing.
    pub async fn change_once(&mut self, sql: String) -> Result<u64, Error> {
        let sql = AssertSqlSafe(sql);
        Ok(on_conn!(self, c => sqlx::query(sql).persistent(false).execute(&mut *c).await?.rows_affected()))
    }

    /// The rows that a question finds.
    pub async fn rows<T>(&mut self, sql: &'static str, values: Values<'_>) -> Result<Vec<T>, Error>
    where
        T: for<'r> FromRow<'r, MySqlRow> + for<'r> FromRow<'r, SqliteRow> + Send + Unpin,
    {
        match self {
            Self::MySql(c) => {
                let arguments: MySqlArguments = values.into_arguments().map_err(Error::Encode)?;
                sqlx::query_as_with(sql, arguments).fetch_all(c).await
            }
            Self::Sqlite(c) => {
                let arguments: SqliteArguments = values.into_arguments().map_err(Error::Encode)?;
                sqlx::query_as_with(sql, arguments).fetch_all(c).await
            }
        }
    }

    /// Begins what [`Conn::end`] ends. In MySQL the first statement does that by itself on a connection for changes: to say
    /// so would cost each a round trip. SQLite's transaction has the writer's place from the start.
    ///
    /// A node of a Galera cluster rolls a transaction back by itself when another node has changed the same row. It must say so at the next
    /// statement; should it ever not, that statement and those behind it would be all that is committed. So there a savepoint is set, which
    /// is gone then. (What is rolled back between the end of the savepoint and the commit, in one message, would still not be noticed.)
    pub async fn begin(&mut self) -> Result<(), Error> {
        match self {
            Self::MySql(c) if c.sets_savepoints => self.execute("SAVEPOINT begun").await.map(|_| ()),
            Self::MySql(_) => Ok(()),
            Self::Sqlite(_) => self.execute("BEGIN IMMEDIATE").await.map(|_| ()),
        }
    }

    /// Ends a transaction by what came of it: committed if something was changed, given up otherwise.
    pub async fn end<T>(&mut self, outcome: Result<(bool, T), Error>) -> Result<T, Error> {
        let ended = match outcome {
            Ok((true, answer)) => self.commit().await.map(|()| answer),
            Ok((false, answer)) => self.execute("ROLLBACK").await.map(|_| answer),
            Err(error) => Err(error),
        };
        let Err(error) = ended else { return ended };
        // A connection that cannot even do this must not be used again, nor is one whose server cannot write: SQLite has
        // rolled back by itself when the disk is full.
        match self.execute("ROLLBACK").await {
            Err(_) if !matches!(Failure::of(&error), Failure::Unable(_) | Failure::Elsewhere(_)) => Err(Error::WorkerCrashed),
            _ => Err(error),
        }
    }

    async fn commit(&mut self) -> Result<(), Error> {
        let commit = match self {
            // Of several statements those behind one that fails are not carried out.
            Self::MySql(c) if c.sets_savepoints => "RELEASE SAVEPOINT begun; COMMIT",
            _ => "COMMIT",
        };
        self.execute(commit).await.map(|_| ())
    }

    /// Has transactions held together by savepoints, if the server is a node of a Galera cluster. One that has never heard of these refuses
    /// the question; without any answer the session is not used.
    pub async fn set_savepoints_in_a_cluster(&mut self) -> Result<(), Error> {
        let is_node = match self.rows::<(i64,)>("SELECT CAST(@@wsrep_on AS SIGNED)", Values::default()).await {
            Ok(answer) => answer == [(1,)],
            Err(error) if matches!(Failure::of(&error), Failure::Refused(_)) => false,
            Err(error) => return Err(error),
        };
        if let Self::MySql(c) = self {
            c.sets_savepoints = is_node;
        }
        Ok(())
    }

    /// Whether the server still answers.
    pub async fn ping(&mut self) -> Result<(), Error> {
        on_conn!(self, c => c.ping().await)
    }
}
