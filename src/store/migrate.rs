//! The schema's steps. DDL is not transactional on MySQL, so each step can be repeated from any point: a statement
//! whose effect is there already is passed over. So a crash in the middle, or two instances starting at once, do no
//! harm, and no lock is needed that some clusters do not have.

use chrono::TimeDelta;
use sqlx::Error;
use sqlx::mysql::MySqlDatabaseError;
use tracing::info;

use crate::deal::{BeijingTime, Timestamp};

use super::StoreError;
use super::connection::{Conn, DatabaseUrl, on_conn, open};

struct Step {
    version: i64,
    name: &'static str,
    mysql: &'static str,
    sqlite: &'static str,
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
const STEPS: [Step; 2] = [step!(1, "0001_deal"), step!(2, "0002_gateway_columns")];
/// The step after these: filling `order_key` in the rows of the original, which SQL alone cannot do in small bites.
const ADOPTION: i64 = 3;
/// Rows a statement of the adoption; each holds its locks for some tens of milliseconds.
const BITE: i64 = 5_000;
/// Older undecided deals of the original are answered when somebody asks, and never followed.
pub const FOLLOWED: TimeDelta = TimeDelta::days(7);

/// Brings the schema up to date; returns the names of the steps taken.
pub async fn migrate(url: &DatabaseUrl, now: Timestamp) -> Result<Vec<&'static str>, StoreError> {
    if let Some(directory) = url.file().and_then(|file| file.parent()).filter(|directory| !directory.as_os_str().is_empty()) {
        create_private(directory).map_err(|_| StoreError::Unavailable("the directory of the database cannot be made"))?;
    }
    let mut conn = open(url).await?;
    run(&mut conn, now).await.map_err(|error| match error.as_database_error() {
        Some(database) => StoreError::Refused(format!("a migration failed: {}", database.message())),
        None => StoreError::Unavailable("the connection broke during a migration"),
    })
}

/// Deals name payers, so the directory is made for this user alone.
fn create_private(directory: &std::path::Path) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(directory)
}

async fn run(conn: &mut Conn, now: Timestamp) -> Result<Vec<&'static str>, Error> {
    conn.execute("CREATE TABLE IF NOT EXISTS deal_migration (version bigint NOT NULL PRIMARY KEY, name varchar(100) NOT NULL, applied_at varchar(30) NOT NULL)")
        .await?;
    let done: Vec<(i64,)> = on_conn!(conn, c => sqlx::query_as("SELECT version FROM deal_migration").fetch_all(&mut *c).await?);
    let is_done = |version| done.iter().any(|(v,)| *v == version);
    let mut taken = Vec::new();
    for step in STEPS.iter().filter(|step| !is_done(step.version)) {
        let text = match conn {
            Conn::MySql(_) => step.mysql,
            Conn::Sqlite(_) => step.sqlite,
        };
        for statement in statements(text) {
            match conn.execute(statement).await {
                Err(error) if !is_already_there(&error) => return Err(error),
                _ => {}
            }
        }
        note(conn, step.version, step.name, now).await?;
        taken.push(step.name);
    }
    if !is_done(ADOPTION) {
        if let Conn::MySql(c) = conn {
            adopt(c, now).await?;
        }
        note(conn, ADOPTION, "0003_adoption", now).await?;
        taken.push("0003_adoption");
    }
    Ok(taken)
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
async fn adopt(conn: &mut sqlx::MySqlConnection, now: Timestamp) -> Result<(), Error> {
    let followed_since = BeijingTime::from(now - FOLLOWED).naive();
    let (last,): (i64,) = sqlx::query_as("SELECT CAST(COALESCE(MAX(id), 0) AS SIGNED) FROM deal").fetch_one(&mut *conn).await?;
    let mut claimed = 0;
    let mut from = 0;
    while from < last {
        let bite = sqlx::query(
            "UPDATE deal d JOIN ( \
                 SELECT a.id FROM deal a \
                 WHERE a.id > ? AND a.id <= ? AND a.order_key IS NULL AND a.order_id REGEXP '^[0-9A-Za-z_|*@-]{1,45}$' \
                 AND NOT EXISTS (SELECT 1 FROM deal k WHERE k.order_key = a.order_id) \
                 AND NOT EXISTS ( \
                     SELECT 1 FROM deal b WHERE b.order_id = a.order_id AND BINARY b.order_id = BINARY a.order_id \
                     AND (COALESCE(b.status = 1, 0) > COALESCE(a.status = 1, 0) \
                          OR (COALESCE(b.status = 1, 0) = COALESCE(a.status = 1, 0) AND b.id > a.id))) \
             ) r ON r.id = d.id SET d.order_key = d.order_id, d.update_at = d.update_at, \
             d.due_at = CASE WHEN COALESCE(d.status, 0) = 0 AND d.create_at >= ? THEN ? END",
        );
        claimed += bite
            .bind(from)
            .bind(from + BITE)
            .bind(followed_since)
            .bind(BeijingTime::from(now).naive())
            .execute(&mut *conn)
            .await?
            .rows_affected();
        from += BITE;
    }
    if last > 0 {
        info!(claimed, "adopted the table of the original");
    }
    Ok(())
}
