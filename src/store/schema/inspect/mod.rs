//! What the doctor wants to know of a database. It looks through a connection on which nothing can be changed, beside
//! the workers: a database that is wrong must be looked at without being opened for service, which would migrate it.

pub mod privileges;
pub mod rows;

use chrono::DateTime;
use sqlx::Error;

use crate::deal::{AccountId, Timestamp};

use super::durability::Durability;
use super::foreign_clock::ForeignClock;
use super::migrate::pending;
use super::{adoptable, check, taken, unique};
use crate::store::cluster::{Cluster, cluster_of};
use crate::store::deals::followed_accounts::followed_accounts;
use crate::store::engine::connection::{Conn, MySql, on_conn};
use crate::store::engine::database_url::DatabaseUrl;
use crate::store::engine::session::open_to_look;
use crate::store::error::{StoreError, not_told};

use rows::Leftovers;

/// A database, looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inspection {
    /// What its engine calls itself.
    pub version: String,
    /// How the server is set up. `None`: there is none, it is a file of ours.
    pub server: Option<Server>,
    /// Steps of the schema that have not been taken.
    pub pending: Vec<&'static str>,
    /// Whether a later version has taken steps that this one does not know.
    pub later_version: bool,
    /// What of the schema cannot be relied on.
    pub wrong_schema: Option<String>,
    /// Rows that an operator should look at; looked for when the schema is right.
    pub leftovers: Option<Leftovers>,
    /// The accounts of the deals that are followed, as [`Store::followed_accounts`](crate::store::Store::followed_accounts)
    /// counts them; looked for likewise.
    pub followed_accounts: Vec<(AccountId, i64)>,
}

/// How a server is set up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    /// How it keeps what it acknowledges.
    pub durability: Durability,
    /// How many connections it allows, to all programs together.
    pub connections: i64,
    /// What its clock says, in whole seconds.
    pub clock: Option<Timestamp>,
    /// How it stands in its cluster, if it is in one.
    pub cluster: Option<Cluster>,
    /// Whether it is a copy that takes no changes.
    pub read_only: bool,
    /// Whether sessions that do not ask for it are strict.
    pub strict: bool,
    /// What our user may not do; `None`: it cannot be told.
    pub missing_privileges: Option<Vec<&'static str>>,
    /// By which clock other programs' rows are written.
    pub foreign_clock: ForeignClock,
    /// Tables that look like the original's under another prefix.
    pub elsewhere: Vec<String>,
    /// Columns for WeChat's messages that know no Chinese.
    pub wordless: Vec<String>,
}

/// Looks at a database, and changes nothing.
pub async fn inspect(url: &DatabaseUrl, now: Timestamp) -> Result<Inspection, StoreError> {
    let mut conn = open_to_look(url).await?;
    let looked = async {
        let version = version(&mut conn).await?;
        let server = match &mut conn {
            Conn::MySql(c) => Some(server(c).await?),
            Conn::Sqlite(_) => None,
        };
        Ok::<_, Error>((version, server, pending(&mut conn).await?))
    };
    let (version, server, pending) = looked.await.map_err(|error| not_told(&error))?;
    let mut inspection = Inspection {
        version,
        server,
        later_version: !pending.unknown.is_empty(),
        pending: pending.names(),
        wrong_schema: None,
        leftovers: None,
        followed_accounts: Vec::new(),
    };
    inspection.wrong_schema = wrong_schema(adoptable::check(&mut conn).await)?;
    if inspection.wrong_schema.is_none() {
        inspection.wrong_schema = wrong_schema(unique::check(&mut conn).await)?;
    }
    if inspection.wrong_schema.is_none() {
        inspection.wrong_schema = wrong_schema(taken::check(&mut conn).await)?;
    }
    if inspection.pending.is_empty() && inspection.wrong_schema.is_none() {
        inspection.wrong_schema = wrong_schema(check::check(&mut conn).await)?;
        if inspection.wrong_schema.is_none() {
            inspection.leftovers = Some(rows::leftovers(&mut conn, now).await.map_err(|error| not_told(&error))?);
            inspection.followed_accounts = followed_accounts(&mut conn).await.map_err(|error| not_told(&error))?;
        }
    }
    Ok(inspection)
}

/// What a check says of the schema; an error if it could not be carried out.
pub fn wrong_schema(checked: Result<(), StoreError>) -> Result<Option<String>, StoreError> {
    match checked {
        Ok(()) => Ok(None),
        Err(StoreError::WrongSchema(wrong)) => Ok(Some(wrong)),
        Err(error) => Err(error),
    }
}

async fn version(conn: &mut Conn) -> Result<String, Error> {
    let (name, sql) = match conn {
        Conn::MySql(_) => ("", "SELECT CAST(VERSION() AS CHAR(100))"),
        Conn::Sqlite(_) => ("SQLite ", "SELECT sqlite_version()"),
    };
    let version: String = on_conn!(conn, c => sqlx::query_scalar(sql).fetch_one(&mut *c).await?);
    Ok(format!("{name}{version}"))
}

async fn server(conn: &mut MySql) -> Result<Server, Error> {
    const VALUES: &str = "SELECT CAST(@@GLOBAL.innodb_flush_log_at_trx_commit AS SIGNED), \
                          CAST(IF(@@GLOBAL.log_bin, @@GLOBAL.sync_binlog, 1) AS SIGNED), CAST(@@GLOBAL.max_connections AS SIGNED), \
                          CAST(UNIX_TIMESTAMP() AS SIGNED), CAST(@@GLOBAL.read_only AS SIGNED), CAST(@@GLOBAL.sql_mode LIKE '%STRICT%' AS SIGNED), \
                          CAST(DATABASE() AS CHAR(64))";
    type Values = (i64, i64, i64, i64, i64, i64, String);
    let (flush, sync, connections, seconds, read_only, strict, schema): Values = sqlx::query_as(VALUES).fetch_one(&mut *conn).await?;
    let grants: Vec<String> = sqlx::query_scalar("SHOW GRANTS").fetch_all(&mut *conn).await?;
    let wordless = sqlx::query_scalar(
        "SELECT CAST(column_name AS CHAR(64)) FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = ? \
         AND column_name IN ('prepayBack', 'payBack', 'queryBack') AND character_set_name NOT LIKE 'utf8%' \
         AND character_set_name NOT IN ('gbk', 'gb2312', 'gb18030') ORDER BY ordinal_position",
    )
    .bind(conn.table("deal"));
    Ok(Server {
        durability: Durability::of(flush, sync),
        cluster: cluster_of(conn).await?,
        connections,
        clock: DateTime::from_timestamp(seconds, 0),
        read_only: read_only != 0,
        strict: strict != 0,
        missing_privileges: privileges::missing(&grants, &schema),
        wordless: wordless.fetch_all(&mut *conn).await?,
        foreign_clock: ForeignClock::of_server(&mut *conn).await?,
        elsewhere: adoptable::elsewhere(conn).await?,
    })
}
