//! The schema's steps. DDL is not transactional on MySQL, so each step can be repeated from any point: a statement
//! whose effect is there already is passed over. So a crash in the middle, or two instances starting at once, do no
//! harm, and no lock is needed that some clusters do not have.

use std::time::Duration;

use chrono::TimeDelta;
use sqlx::mysql::MySqlDatabaseError;
use sqlx::{Error, QueryBuilder};
use tokio::time::sleep;
use tracing::info;

use crate::deal::{BeijingTime, Timestamp};

use super::connection::{Conn, DatabaseUrl, MySql, look, on_conn, open};
use super::file;
use super::inspect::has_table;
use super::probe::probe;
use super::{StoreError, adoptable, not_told, unique};

/// One step of the schema's.
pub struct Step {
    version: i64,
    pub name: &'static str,
    mysql: &'static str,
    sqlite: &'static str,
}

impl Step {
    /// Its statements on this connection's engine.
    pub fn statements(&self, conn: &Conn) -> impl Iterator<Item = &'static str> + use<> {
        statements(match conn {
            Conn::MySql(_) => self.mysql,
            Conn::Sqlite(_) => self.sqlite,
        })
    }
}

macro_rules! step {
    ($version:literal, $name:literal) => {
        Step {
            version: $version,
            name: $name,
            mysql: include_str!(concat!("../../migrations/mysql/", $name, ".sql")),
            sqlite: include_str!(concat!("../../migrations/sqlite/", $name, ".sql")),
        }
    };
}

/// Both engines take the same steps; only ever appended to.
const STEPS: [Step; 5] = [
    step!(1, "0001_deal"),
    step!(2, "0002_gateway_columns"),
    step!(4, "0004_transaction_key"),
    step!(5, "0005_signed_nonce"),
    step!(6, "0006_refunded_at"),
];
/// The step taken last, once the columns are there: filling `order_key` in the rows of the original, which SQL alone cannot do in small bites.
const ADOPTION: i64 = 3;
const ADOPTION_NAME: &str = "0003_adoption";
/// Rows that the adoption looks at in one statement, and rows that it locks in one, for some milliseconds.
const BITE: i64 = 5_000;
const LOCKED_AT_ONCE: usize = 500;
/// Deadlocks with another instance that adopts, or with the original at work.
const ADOPTION_RETRIES: u32 = 100;
/// Older undecided deals of the original are answered when somebody asks, and never followed.
pub const FOLLOWED: TimeDelta = TimeDelta::days(7);

/// Brings the schema up to date; returns the names of the steps taken.
pub async fn migrate(url: &DatabaseUrl, now: Timestamp) -> Result<Vec<&'static str>, StoreError> {
    file::prepare(url)?;
    let mut conn = open(url).await?;
    let pending = look(async {
        adoptable::check(&mut conn).await?;
        unique::check(&mut conn).await?;
        if has_table(&mut conn, "deal").await.map_err(|error| not_told(&error))? {
            probe(url, now).await?;
        }
        begin(&mut conn).await.map_err(|error| failed(&error))
    });
    let pending = pending.await?;
    run(&mut conn, pending, now).await.map_err(|error| failed(&error))
}

fn failed(error: &Error) -> StoreError {
    match error.as_database_error() {
        Some(_) if is_contention(error) => StoreError::Unavailable("somebody else is changing the table"),
        Some(database) => StoreError::Refused(format!("a migration failed: {}", database.message())),
        None => StoreError::Unavailable("the connection broke during a migration"),
    }
}

async fn begin(conn: &mut Conn) -> Result<Pending, Error> {
    conn.execute("CREATE TABLE IF NOT EXISTS deal_migration (version bigint NOT NULL PRIMARY KEY, name varchar(100) NOT NULL, applied_at varchar(30) NOT NULL)")
        .await?;
    pending(conn).await
}

/// However long it takes: a large table is rebuilt, and its rows are gone through.
async fn run(conn: &mut Conn, pending: Pending, now: Timestamp) -> Result<Vec<&'static str>, Error> {
    let mut taken = Vec::new();
    for step in pending.steps {
        for statement in step.statements(conn) {
            match conn.execute(statement).await {
                Err(error) if !is_already_there(&error) => return Err(error),
                _ => {}
            }
        }
        note(conn, step.version, step.name, now).await?;
        taken.push(step.name);
    }
    if pending.adoption {
        if let Conn::MySql(c) = conn {
            adopt(c, now).await?;
        }
        note(conn, ADOPTION, ADOPTION_NAME, now).await?;
        taken.push(ADOPTION_NAME);
    }
    Ok(taken)
}

/// What a database with a `deal_migration` has still to go through.
pub struct Pending {
    pub steps: Vec<&'static Step>,
    /// Whether the rows of the original are still to be adopted.
    pub adoption: bool,
    /// Steps that this version does not know: a later one was here.
    pub unknown: Vec<i64>,
}

impl Pending {
    /// Everything, for a database that has not seen us.
    pub fn all() -> Self {
        Self { steps: STEPS.iter().collect(), adoption: true, unknown: Vec::new() }
    }

    /// The names of the steps, in the order in which they are taken.
    pub fn names(&self) -> Vec<&'static str> {
        self.steps.iter().map(|step| step.name).chain(self.adoption.then_some(ADOPTION_NAME)).collect()
    }
}

/// Reads which steps have been taken.
pub async fn pending(conn: &mut Conn) -> Result<Pending, Error> {
    let done: Vec<(i64,)> = on_conn!(conn, c => sqlx::query_as("SELECT version FROM deal_migration").fetch_all(&mut *c).await?);
    let is_done = |version| done.iter().any(|(v,)| *v == version);
    let is_known = |version: &i64| *version == ADOPTION || STEPS.iter().any(|step| step.version == *version);
    Ok(Pending {
        steps: STEPS.iter().filter(|step| !is_done(step.version)).collect(),
        adoption: !is_done(ADOPTION),
        unknown: done.iter().map(|(version,)| *version).filter(|version| !is_known(version)).collect(),
    })
}

async fn note(conn: &mut Conn, version: i64, name: &str, now: Timestamp) -> Result<(), Error> {
    let applied_at = BeijingTime::from(now).to_string();
    let inserted = on_conn!(conn, c => sqlx::query("INSERT INTO deal_migration (version, name, applied_at) VALUES (?, ?, ?)")
        .bind(version).bind(name).bind(applied_at).execute(&mut *c).await.map(|_| ()));
    match inserted {
        // Another instance took the same step at the same time.
        Err(Error::Database(error)) if error.is_unique_violation() => Ok(()),
        other => other,
    }
}

/// The statements of a file: each ends with `;` at the end of a line.
fn statements(text: &'static str) -> impl Iterator<Item = &'static str> {
    text.split(";\n")
        .map(str::trim)
        .filter(|statement| statement.lines().any(|line| !line.trim().is_empty() && !line.trim_start().starts_with("--")))
}

/// The statement's effect is there already: table, column or index exists.
fn is_already_there(error: &Error) -> bool {
    let Error::Database(error) = error else { return false };
    match error.try_downcast_ref::<MySqlDatabaseError>() {
        Some(mysql) => matches!(mysql.number(), 1050 | 1060 | 1061),
        None => error.message().contains("already exists") || error.message().contains("duplicate column name"),
    }
}

/// Names the row of record of every order id in a table that the original filled: the paid one first, then the
/// newest. Nothing else of the original's changes in any row, `update_at` included, and no row goes.
async fn adopt(conn: &mut MySql, now: Timestamp) -> Result<(), Error> {
    let (last,): (Option<i64>,) = sqlx::query_as("SELECT CAST(MAX(id) AS SIGNED) FROM deal").fetch_one(&mut *conn).await?;
    let Some(last) = last else { return Ok(()) };
    let kept = kept(conn).await?;
    let mut claimed = 0;
    let mut from = i64::MIN;
    while from < last {
        // By rows, not by numbers: a table may have gaps of millions.
        let next = "SELECT CAST(MAX(id) AS SIGNED) FROM (SELECT id FROM deal WHERE id > ? AND id <= ? ORDER BY id LIMIT ?) bite";
        let (to,): (Option<i64>,) = sqlx::query_as(next).bind(from).bind(last).bind(BITE).fetch_one(&mut *conn).await?;
        let Some(to) = to else { break };
        claimed += adopt_between(conn, (from, to), &kept, now).await?;
        from = to;
    }
    info!(claimed, "adopted the table of the original");
    Ok(())
}

/// One bite. The original, or another instance that adopts too, may be at the same rows: then it is taken again.
async fn adopt_between(conn: &mut MySql, (from, to): (i64, i64), kept: &str, now: Timestamp) -> Result<u64, Error> {
    let mut patience = ADOPTION_RETRIES;
    let mut claimed = 0;
    loop {
        let ids = of_record(conn, from, to).await?;
        match claim(conn, &ids, kept, now, &mut claimed).await {
            Err(error) if patience > 0 && is_contention(&error) => {
                patience -= 1;
                sleep(Duration::from_millis(50)).await;
            }
            done => return done.map(|()| claimed),
        }
    }
}

/// Whether a row's `order_id` is one that a deal can have ([`crate::deal::OrderId`]), judged by its bytes.
pub const READABLE: &str = "HEX(order_id) REGEXP '^(2[AD]|3[0-9]|4[0-9A-F]|5[0-9AF]|6[1-9A-F]|7[0-9AC]){1,45}$'";

/// The rows of record that nobody has claimed yet. Numbers are judged and compared by their bytes, in HEX, for the
/// collations of old tables find too much; CONVERT, because no index serves the comparison of two character sets.
async fn of_record(conn: &mut MySql, from: i64, to: i64) -> Result<Vec<i64>, Error> {
    let rows: Vec<(i64,)> = sqlx::query_as(sqlx::AssertSqlSafe(format!(
        "SELECT CAST(a.id AS SIGNED) FROM deal a \
         WHERE a.id > ? AND a.id <= ? AND a.order_key IS NULL AND {READABLE} \
         AND NOT EXISTS (SELECT 1 FROM deal k WHERE k.order_key = CONVERT(a.order_id USING ascii) COLLATE ascii_bin) \
         AND NOT EXISTS ( \
             SELECT 1 FROM deal b WHERE b.order_id = a.order_id AND HEX(b.order_id) = HEX(a.order_id) \
             AND (COALESCE(b.status = 1, 0) > COALESCE(a.status = 1, 0) \
                  OR (COALESCE(b.status = 1, 0) = COALESCE(a.status = 1, 0) AND b.id > a.id)))"
    )))
    .bind(from)
    .bind(to)
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|(id,)| id).collect())
}

/// Columns that the original never had and that change with every update of their row, so that they keep what they say.
async fn kept(conn: &mut MySql) -> Result<String, Error> {
    let columns: Vec<String> = sqlx::query_scalar(
        "SELECT CAST(column_name AS CHAR(64)) FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = ? \
         AND extra LIKE '%on update%' AND column_name NOT IN ('create_at', 'update_at')",
    )
    .bind(conn.table("deal"))
    .fetch_all(conn)
    .await?;
    let quoted = columns.into_iter().map(|column| format!("`{}`", column.replace('`', "``")));
    Ok(quoted.map(|column| format!(", {column} = {column}")).collect())
}

async fn claim(conn: &mut MySql, ids: &[i64], kept: &str, now: Timestamp, claimed: &mut u64) -> Result<(), Error> {
    for ids in ids.chunks(LOCKED_AT_ONCE) {
        // Undecided ones are due at once, unless they are too old or WeChat knows nothing of them.
        let mut update = QueryBuilder::new("UPDATE deal SET order_key = order_id, create_at = create_at, update_at = update_at");
        update.push(kept).push(", due_at = CASE WHEN create_at >= ");
        update.push_bind(BeijingTime::from(now - FOLLOWED).naive());
        update.push(" AND COALESCE(status, 0) = 0 AND COALESCE(mode, 0) = 0 THEN ");
        update.push_bind(BeijingTime::from(now).naive());
        update.push(" END WHERE order_key IS NULL AND id IN (");
        let mut list = update.separated(", ");
        for id in ids {
            list.push_bind(*id);
        }
        update.push(")");
        *claimed += update.build().persistent(false).execute(&mut *conn).await?.rows_affected();
    }
    Ok(())
}

/// Somebody else was at the same rows, or has claimed one of them meanwhile.
fn is_contention(error: &Error) -> bool {
    let Error::Database(error) = error else { return false };
    match error.try_downcast_ref::<MySqlDatabaseError>() {
        Some(mysql) => matches!(mysql.number(), 1213 | 1205 | 1020 | 1062 | 1412 | 8002 | 8028 | 9007),
        // SQLite's BUSY and LOCKED, also as extended codes.
        None => error.code().and_then(|code| code.parse::<u32>().ok()).is_some_and(|code| matches!(code & 0xff, 5 | 6)),
    }
}
