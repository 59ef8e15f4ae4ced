//! What a migration would do, looked up through a connection on which nothing can be changed; and whether the table takes
//! rows of ours, as a start tries it.

use sqlx::Error;

use crate::deal::{BeijingTime, Timestamp};

use super::adopt::{FOLLOWED, READABLE};
use super::foreign_clock::ForeignClock;
use super::inspect::rows::Found;
use super::inspect::wrong_schema;
use super::look::has_table;
use super::migrate::{Pending, pending};
use super::probe::probe;
use super::{adoptable, check, taken, unique};
use crate::store::engine::connection::{Conn, MySql, on_conn};
use crate::store::engine::database_url::DatabaseUrl;
use crate::store::engine::session::open_to_look;
use crate::store::error::{StoreError, not_told};

/// What a migration would do.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DryRun {
    /// What the table of the deals is called.
    pub table: String,
    /// The steps, in order.
    pub steps: Vec<&'static str>,
    /// Why nothing would be done, and the service would not start.
    pub refused: Option<String>,
    /// By which clock other programs' rows are written, on a server.
    pub foreign_clock: Option<ForeignClock>,
    /// Tables that look like the original's under another prefix.
    pub elsewhere: Vec<String>,
    /// The rows of `deal`; `None`: there is no such table yet.
    pub rows: Option<i64>,
    /// Indexes on `deal` that would be built.
    pub indexes: Vec<&'static str>,
    /// About how many bytes they will have.
    pub index_bytes: i64,
    /// What would become of the rows of the original, if they are still to be adopted.
    pub adoption: Option<Adoption>,
}

/// What would become of the rows of the original.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Adoption {
    /// Rows that would become the row of record of their order id.
    pub of_record: i64,
    /// How many of those are undecided and young enough to be followed.
    pub followed: i64,
    /// Order ids that several rows have.
    pub repeated: i64,
    /// How many rows have those.
    pub repeating_rows: i64,
    /// Rows whose order id no deal can have.
    pub unreadable: Found,
    /// Rows with a status that is none, or without a price that can be paid.
    pub impossible: Found,
}

/// Looks up what a migration would do.
pub async fn dry_run(url: &DatabaseUrl, now: Timestamp) -> Result<DryRun, StoreError> {
    let plan = DryRun { table: url.names().table("deal"), ..DryRun::default() };
    if url.file().is_some_and(|file| !file.exists()) {
        return Ok(DryRun { steps: Pending::all().names(), ..plan });
    }
    let mut conn = open_to_look(url).await?;
    if let Some(refused) = refused(&mut conn, url, now).await? {
        return Ok(DryRun { refused: Some(refused), ..plan });
    }
    look(&mut conn, plan, now).await.map_err(|error| not_told(&error))
}

/// What a start would say of the table.
async fn refused(conn: &mut Conn, url: &DatabaseUrl, now: Timestamp) -> Result<Option<String>, StoreError> {
    if let Some(wrong) = wrong_schema(adoptable::check(conn).await)? {
        return Ok(Some(wrong));
    }
    if let Some(wrong) = wrong_schema(unique::check(conn).await)? {
        return Ok(Some(wrong));
    }
    if let Some(wrong) = wrong_schema(taken::check(conn).await)? {
        return Ok(Some(wrong));
    }
    if !has_table(conn, "deal").await.map_err(|error| not_told(&error))? {
        return Ok(None);
    }
    if pending(conn).await.map_err(|error| not_told(&error))?.names().is_empty()
        && let Some(wrong) = wrong_schema(check::check(conn).await)?
    {
        return Ok(Some(wrong));
    }
    wrong_schema(probe(url, now).await)
}

async fn look(conn: &mut Conn, mut plan: DryRun, now: Timestamp) -> Result<DryRun, Error> {
    let pending = pending(conn).await?;
    plan.steps = pending.names();
    if let Conn::MySql(c) = &mut *conn {
        plan.elsewhere = adoptable::elsewhere(c).await?;
    }
    if !has_table(conn, "deal").await? {
        return Ok(plan);
    }
    let (rows, letters): (i64, i64) = on_conn!(conn, c => {
        sqlx::query_as("SELECT COUNT(*), CAST(COALESCE(SUM(LENGTH(order_id)), 0) AS SIGNED) FROM deal").fetch_one(&mut *c).await?
    });
    plan.rows = Some(rows);
    if let Conn::MySql(c) = &mut *conn {
        plan.foreign_clock = Some(ForeignClock::of_server(c).await?);
    }
    for name in pending.steps.iter().flat_map(|step| step.statements(conn)).filter_map(index_name).collect::<Vec<_>>() {
        if !has_index(conn, name).await? {
            plan.indexes.push(name);
            plan.index_bytes += estimate(name, rows, letters);
        }
    }
    if let (true, Conn::MySql(c)) = (pending.adoption, conn) {
        plan.adoption = Some(adoption(c, now).await?);
    }
    Ok(plan)
}

/// The name in `CREATE [UNIQUE] INDEX name ON deal (…)`. Every migration writes an index so.
fn index_name(statement: &'static str) -> Option<&'static str> {
    let line = statement.lines().find(|line| line.starts_with("CREATE INDEX ") || line.starts_with("CREATE UNIQUE INDEX "))?;
    let (head, _) = line.split_once(" ON deal ")?;
    head.rsplit(' ').next()
}

async fn has_index(conn: &mut Conn, name: &str) -> Result<bool, Error> {
    let sql = match conn {
        Conn::MySql(_) => {
            "SELECT COUNT(*) FROM information_schema.statistics WHERE table_schema = DATABASE() AND table_name = ? AND index_name = ?"
        }
        Conn::Sqlite(_) => "SELECT COUNT(*) FROM sqlite_master WHERE type = 'index' AND tbl_name = ? AND name = ?",
    };
    let table = conn.table("deal");
    Ok(on_conn!(conn, c => sqlx::query_scalar::<_, i64>(sql).bind(table).bind(name).fetch_one(&mut *c).await?) > 0)
}

/// About what an index takes: InnoDB keeps a record's head, the primary key and the indexed bytes, in pages that are
/// three quarters full. All but those over order ids are empty in the rows of the original.
fn estimate(index: &str, rows: i64, letters: i64) -> i64 {
    const HEAD_AND_PRIMARY_KEY: i64 = 12;
    let indexed = if index.contains("order") { letters } else { 0 };
    (rows * HEAD_AND_PRIMARY_KEY + indexed) * 4 / 3
}

async fn adoption(conn: &mut MySql, now: Timestamp) -> Result<Adoption, Error> {
    // Without an index over order ids, which the original had not, rows are grouped instead of looked up. Of the rows of
    // one number the paid one is of record, else the newest: that one is followed when it is young and undecided.
    let numbers = format!(
        "SELECT HEX(order_id) number, COUNT(*) times, MAX(COALESCE(status = 1, 0)) paid, MAX(id) newest FROM deal WHERE {READABLE} GROUP BY number"
    );
    let counted = sqlx::AssertSqlSafe(format!(
        "SELECT COUNT(*), CAST(COALESCE(SUM(times > 1), 0) AS SIGNED), CAST(COALESCE(SUM(IF(times > 1, times, 0)), 0) AS SIGNED), \
         CAST(COALESCE(SUM(paid = 0 AND create_at >= ? AND COALESCE(status, 0) = 0 AND COALESCE(mode, 0) = 0), 0) AS SIGNED) \
         FROM ({numbers}) numbers JOIN deal ON deal.id = numbers.newest"
    ));
    let since = BeijingTime::from(now - FOLLOWED).naive();
    let (of_record, repeated, repeating_rows, followed): (i64, i64, i64, i64) =
        sqlx::query_as(counted).bind(since).fetch_one(&mut *conn).await?;
    let impossible = format!(
        "{READABLE} AND (COALESCE(status, 0) NOT IN (0, 1, 2) OR (COALESCE(status, 0) = 0 AND IF(price_last = 0, price, price_last) <= 0))"
    );
    Ok(Adoption {
        of_record,
        followed,
        repeated,
        repeating_rows,
        unreadable: Found::among(conn, &format!("NOT ({READABLE})")).await?,
        impossible: Found::among(conn, &impossible).await?,
    })
}

impl Found {
    async fn among(conn: &mut MySql, condition: &str) -> Result<Self, Error> {
        let count = sqlx::AssertSqlSafe(format!("SELECT COUNT(*) FROM deal WHERE {condition}"));
        let ids = sqlx::AssertSqlSafe(format!("SELECT CAST(id AS CHAR(20)) FROM deal WHERE {condition} ORDER BY id LIMIT 10"));
        Ok(Self { count: sqlx::query_scalar(count).fetch_one(&mut *conn).await?, examples: sqlx::query_scalar(ids).fetch_all(conn).await? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::engine::session::open;

    #[tokio::test]
    async fn every_index_of_the_migrations_is_found() {
        let directory = tempfile::tempdir().unwrap();
        let url: DatabaseUrl = format!("sqlite://{}", directory.path().join("deal.db").display()).parse().unwrap();
        let conn = open(&url).await.unwrap();
        let steps = Pending::all().steps;
        let names: Vec<_> = steps.iter().flat_map(|step| step.statements(&conn)).filter_map(index_name).collect();
        let expected = [
            "deal_order_id",
            "deal_due_at",
            "deal_order_key",
            "deal_idempotency_key",
            "deal_transaction_key",
            "deal_signed_nonce",
            "deal_reference",
            "deal_reference_of_seller",
            "deal_refunds_due_at",
            "deal_create_at",
            "deal_seller_create_at",
            "deal_status_update_at",
            "deal_transaction_id",
            "deal_checkout_way",
        ];
        assert_eq!(names, expected);
    }
}
