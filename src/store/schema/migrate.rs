//! The schema's steps. DDL is not transactional on MySQL, so each step can be repeated from any point: a statement
//! whose effect is there already is passed over. So a crash in the middle, or two instances starting at once, do no
//! harm, and no lock is needed that some clusters do not have. Nothing is written where nothing is to be done: a node that takes no
//! changes can be started on.

use std::time::Duration;

use sqlx::Error;
use sqlx::mysql::MySqlDatabaseError;
use tokio::time::sleep;

use crate::deal::{BeijingTime, Timestamp};

use super::adopt::{adopt, is_contention};
use super::look::{has_table, look};
use super::probe::probe;
use super::{adoptable, taken, unique};
use crate::store::engine::connection::{Conn, on_conn};
use crate::store::engine::database_url::DatabaseUrl;
use crate::store::engine::driver_error::DriverError;
use crate::store::engine::error::Cause;
use crate::store::engine::failure::Failure;
use crate::store::engine::file;
use crate::store::engine::session::open;
use crate::store::error::{Refused, StoreError, not_told};

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
            mysql: include_str!(concat!("../../../migrations/mysql/", $name, ".sql")),
            sqlite: include_str!(concat!("../../../migrations/sqlite/", $name, ".sql")),
        }
    };
}

/// Both engines take the same steps; only ever appended to.
const STEPS: [Step; 14] = [
    step!(1, "0001_deal"),
    step!(2, "0002_gateway_columns"),
    step!(4, "0004_transaction_key"),
    step!(5, "0005_signed_nonce"),
    step!(6, "0006_refunded_at"),
    step!(7, "0007_account_and_details"),
    step!(8, "0008_refund"),
    step!(9, "0009_untold"),
    step!(10, "0010_outbox"),
    step!(11, "0011_books"),
    step!(12, "0012_checkout"),
    step!(13, "0013_bill"),
    step!(14, "0014_console"),
    step!(15, "0015_one_column_keys"),
];
/// The step taken last, once the columns are there: filling `order_key` in the rows of the original, which SQL alone cannot do in small bites.
const ADOPTION: i64 = 3;
const ADOPTION_NAME: &str = "0003_adoption";

/// Deadlocks with another instance that notes the same step.
const NOTING_RETRIES: u32 = 20;

/// Brings the schema up to date; returns the names of the steps taken.
pub async fn migrate(url: &DatabaseUrl, now: Timestamp) -> Result<Vec<&'static str>, StoreError> {
    file::prepare(url)?;
    let mut conn = open(url).await?;
    let checked = look(async {
        adoptable::check(&mut conn).await?;
        unique::check(&mut conn).await?;
        if has_table(&mut conn, "deal").await.map_err(|error| not_told(&error))? {
            probe(url, now).await?;
        }
        Ok(())
    });
    checked.await?;
    taken::check(&mut conn).await?;
    let pending = look(async { pending(&mut conn).await.map_err(|error| failed(&error)) }).await?;
    if pending.names().is_empty() {
        return Ok(Vec::new());
    }
    look(async { begin(&mut conn).await.map_err(|error| failed(&error)) }).await?;
    run(&mut conn, pending, now).await.map_err(|error| failed(&error))
}

/// What may pass is said to be so, and then everything is looked at again from the start: the other instance, or the node that is not
/// ready, will be done.
fn failed(error: &Error) -> StoreError {
    let Some(database) = error.as_database_error() else { return Cause::Broken(DriverError::from(error)).into() };
    match Failure::of(error) {
        // Its rows say that two of them are one: no waiting makes them two.
        Failure::Conflict => StoreError::Refused(Refused::Migration(database.message().to_owned())),
        _ if is_contention(error) => Cause::TableHeld.into(),
        Failure::Contention | Failure::TakenBack | Failure::TooSlow => Cause::TableHeld.into(),
        Failure::Elsewhere(told) | Failure::Unable(told) => Cause::CannotWrite(told).into(),
        Failure::Broken(told) => Cause::Broken(told).into(),
        Failure::Refused(_) => StoreError::Refused(Refused::Migration(database.message().to_owned())),
    }
}

async fn begin(conn: &mut Conn) -> Result<u64, Error> {
    conn.execute("CREATE TABLE IF NOT EXISTS deal_migration (version bigint NOT NULL PRIMARY KEY, name varchar(100) NOT NULL, applied_at varchar(30) NOT NULL)")
        .await
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

/// The steps that are pending, on a database that may not have seen us.
pub async fn pending(conn: &mut Conn) -> Result<Pending, Error> {
    match has_table(conn, "deal_migration").await? {
        true => steps(conn).await,
        false => Ok(Pending::all()),
    }
}

/// Reads which steps have been taken.
async fn steps(conn: &mut Conn) -> Result<Pending, Error> {
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
    let mut patience = NOTING_RETRIES;
    loop {
        let inserted = on_conn!(conn, c => sqlx::query("INSERT INTO deal_migration (version, name, applied_at) VALUES (?, ?, ?)")
            .bind(version).bind(name).bind(&applied_at).execute(&mut *c).await.map(|_| ()));
        match inserted {
            // Another instance took the same step at the same time; on another node of a cluster that is a deadlock first.
            Err(Error::Database(error)) if error.is_unique_violation() => return Ok(()),
            Err(error) if patience > 0 && is_contention(&error) => {
                patience -= 1;
                sleep(Duration::from_millis(50)).await;
            }
            other => return other,
        }
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
