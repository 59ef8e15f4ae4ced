//! Name collisions with another program's schema: a step passes over a column that is there already, as one that stopped in
//! the middle has left it. One of the same name that another program made would be taken for ours, and every deal with it for
//! another account's; so it is refused by name, before anything is altered.

use sqlx::Error;

use super::check::WrongSchema;
use super::look::has_table;
use crate::store::engine::connection::{Conn, MySql, Sqlite, on_conn};
use crate::store::error::{StoreError, not_told};

/// The step that gives these names, which are words that others use too. (Those of earlier steps were never met.)
const STEP: i64 = 7;
/// Its columns, and what it makes them in MySQL and in SQLite.
pub const COLUMNS: [(&str, &str, &str); 6] = [
    ("account", "varchar(32) ascii_bin", "text"),
    ("account_named", "tinyint(1)", "integer"),
    ("description", "varchar(127) utf8mb4_bin", "text"),
    ("reference", "varchar(64) ascii_bin", "text"),
    ("return_url", "text ascii_bin", "text"),
    ("cancel_url", "text ascii_bin", "text"),
];
/// Its indexes.
const INDEXES: [(&str, &str); 2] = [("deal_reference", "reference"), ("deal_reference_of_seller", "reference,merchant_id")];

/// Looks at the table, if there is one, while the step has not been taken. It may have to go through the rows, so this can
/// take its time.
pub async fn check(conn: &mut Conn) -> Result<(), StoreError> {
    taken(conn).await.map_err(|error| not_told(&error))?.map_or(Ok(()), |wrong| Err(wrong.about(conn)))
}

async fn taken(conn: &mut Conn) -> Result<Option<WrongSchema>, Error> {
    if is_step_taken(conn).await? || !has_table(conn, "deal").await? {
        return Ok(None);
    }
    let there = match conn {
        Conn::MySql(c) => mysql(c).await?,
        Conn::Sqlite(c) => sqlite(c).await?,
    };
    let of = |name: &str| there.columns.iter().find(|(column, _)| column.eq_ignore_ascii_case(name)).map(|(_, definition)| definition);
    for (name, in_mysql, in_sqlite) in COLUMNS {
        let ours = if there.is_mysql { in_mysql } else { in_sqlite };
        let Some(definition) = of(name) else { continue };
        // Another instance may take the step meanwhile and fill the column: then it is ours.
        if (!definition.eq_ignore_ascii_case(ours) || is_filled(conn, name).await?) && !is_step_taken(conn).await? {
            return Ok(Some(WrongSchema::TakenColumn(name)));
        }
    }
    let is_taken = |(name, columns): &(&str, &str)| {
        there.indexes.iter().any(|(index, over)| index.eq_ignore_ascii_case(name) && !over.eq_ignore_ascii_case(columns))
    };
    Ok(INDEXES.into_iter().find(is_taken).map(|(name, columns)| WrongSchema::TakenIndex { name, columns }))
}

async fn is_step_taken(conn: &mut Conn) -> Result<bool, Error> {
    if !has_table(conn, "deal_migration").await? {
        return Ok(false);
    }
    let taken = "SELECT COUNT(*) FROM deal_migration WHERE version = ?";
    Ok(on_conn!(conn, c => sqlx::query_scalar::<_, i64>(taken).bind(STEP).fetch_one(&mut *c).await?) > 0)
}

async fn is_filled(conn: &mut Conn, column: &str) -> Result<bool, Error> {
    let filled = sqlx::AssertSqlSafe(format!("SELECT COUNT(*) FROM (SELECT 1 FROM deal WHERE {column} IS NOT NULL LIMIT 1) filled"));
    Ok(on_conn!(conn, c => sqlx::query_scalar::<_, i64>(filled).fetch_one(&mut *c).await?) > 0)
}

/// What there is.
struct There {
    is_mysql: bool,
    /// Name and definition of each column; one that a row cannot leave NULL has another definition than any of ours.
    columns: Vec<(String, String)>,
    /// Name of each index, and what it is over.
    indexes: Vec<(String, String)>,
}

async fn mysql(conn: &mut MySql) -> Result<There, Error> {
    let columns = sqlx::query_as(
        "SELECT CAST(column_name AS CHAR(64)), CAST(CONCAT(CONCAT_WS(' ', column_type, collation_name), \
         IF(is_nullable = 'YES' AND COALESCE(column_default, 'NULL') = 'NULL' AND extra NOT LIKE '%GENERATED%', '', ' filled')) AS CHAR(1000)) \
         FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = ?",
    )
    .bind(conn.table("deal"))
    .fetch_all(&mut *conn)
    .await?;
    let indexes = sqlx::query_as(
        "SELECT CAST(index_name AS CHAR(64)), \
         CAST(GROUP_CONCAT(COALESCE(column_name, '?'), IF(sub_part IS NULL, '', ' in part') ORDER BY seq_in_index) AS CHAR(1000)) \
         FROM information_schema.statistics WHERE table_schema = DATABASE() AND table_name = ? GROUP BY index_name",
    )
    .bind(conn.table("deal"))
    .fetch_all(&mut *conn)
    .await?;
    Ok(There { is_mysql: true, columns, indexes })
}

async fn sqlite(conn: &mut Sqlite) -> Result<There, Error> {
    let columns = sqlx::query_as(
        "SELECT name, type || IIF(\"notnull\" = 0 AND COALESCE(dflt_value, 'NULL') = 'NULL' AND hidden = 0, '', ' filled') \
         FROM pragma_table_xinfo(?)",
    )
    .bind(conn.table("deal"))
    .fetch_all(&mut *conn)
    .await?;
    // Names of indexes are those of the whole file.
    let indexes = sqlx::query_as(
        "SELECT name, IIF(tbl_name = ? AND sql NOT LIKE '% WHERE %', \
         (SELECT GROUP_CONCAT(COALESCE(part.name, '?')) FROM pragma_index_info(sqlite_master.name) part), '?') \
         FROM sqlite_master WHERE type = 'index'",
    )
    .bind(conn.table("deal"))
    .fetch_all(&mut *conn)
    .await?;
    Ok(There { is_mysql: false, columns, indexes })
}
