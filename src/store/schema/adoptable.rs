//! Whether a table of deals that is there already can be worked with: found out before anything is altered, and by looking
//! alone, so that a dry run and the doctor can do it too. ([`super::check`] looks at what came of it; what only a try can
//! tell, [`super::probe`] tries.)

use sqlx::Error;

use super::check::{Found, SAFE_ENGINE, WrongSchema};
use super::expected::{DEAL, Expected, ORIGINAL, keys_of};
use super::taken;
use crate::store::engine::connection::{Conn, MySql, Sqlite};
use crate::store::engine::table_names::TableNames;
use crate::store::error::{StoreError, not_told};

/// What an insert of ours fills. Other columns must do without.
const FILLED: [&str; 10] =
    ["id", "order_id", "product_id", "merchant_id", "price", "price_last", "status", "mode", "create_at", "update_at"];
/// The longest key of an index in the row formats that were the default before DYNAMIC.
const SHORT_KEY: i64 = 767;

/// So many bytes MySQL's rows have at most, by what their columns could hold; of a text only where it is kept counts.
const WIDEST_ROW: i64 = 65_535;

/// Looks at the table, if there is one.
pub async fn check(conn: &mut Conn) -> Result<(), StoreError> {
    let wrong = match conn {
        Conn::MySql(c) => wrong(c).await,
        Conn::Sqlite(c) => other_prefix(c).await,
    };
    wrong.map_err(|error| not_told(&error))?.map_or(Ok(()), |wrong| Err(wrong.about(conn)))
}

/// Whether the file holds deals of ours under another prefix.
async fn other_prefix(conn: &mut Sqlite) -> Result<Option<WrongSchema>, Error> {
    let others = "SELECT tbl_name FROM sqlite_master WHERE type = 'index' AND name = 'deal_order_id' AND tbl_name <> ?";
    let table: Option<String> = sqlx::query_scalar(others).bind(conn.table("deal")).fetch_optional(conn).await?;
    Ok(table.map(|table| WrongSchema::OtherPrefix(table.escape_debug().to_string())))
}

/// Tables that look like the original's under another prefix, while there is none with ours or nothing is in it.
pub async fn elsewhere(conn: &mut MySql) -> Result<Vec<String>, Error> {
    if Table::of(conn).await?.is_some()
        && sqlx::query_scalar::<_, i64>("SELECT EXISTS (SELECT 1 FROM deal)").fetch_one(&mut *conn).await? != 0
    {
        return Ok(Vec::new());
    }
    let names: Vec<_> = DEAL.columns[..ORIGINAL].iter().map(|(name, ..)| format!("'{name}'")).collect();
    let like_it = sqlx::AssertSqlSafe(format!(
        "SELECT CAST(table_name AS CHAR(64)) FROM information_schema.columns WHERE table_schema = DATABASE() \
         AND RIGHT(table_name, 4) = 'deal' AND table_name <> ? AND column_name IN ({}) \
         GROUP BY table_name HAVING COUNT(*) = {ORIGINAL} ORDER BY 1",
        names.join(", ")
    ));
    let tables: Vec<String> = sqlx::query_scalar(like_it).bind(conn.table("deal")).fetch_all(conn).await?;
    let has_prefix = |table: &String| table.strip_suffix("deal").is_some_and(|prefix| prefix.parse::<TableNames>().is_ok());
    Ok(tables.into_iter().filter(has_prefix).collect())
}

async fn wrong(conn: &mut MySql) -> Result<Option<WrongSchema>, Error> {
    let Some(table) = Table::of(conn).await? else { return Ok(None) };
    if let Some(wrong) = table.wrong() {
        return Ok(Some(wrong));
    }
    let found = Found::on_server(&DEAL, conn).await?;
    let (original, added) = DEAL.columns.split_at(ORIGINAL);
    // A column of ours that is there is left as it is: it may be from a migration that stopped. (Of a name that others use too
    // it is found out whose it is.)
    let there = added.iter().filter(|expected| found.has_column(expected.0) && !taken::may_be_others(expected.0));
    if let Some(wrong) = found.wrong_column(&DEAL, original.iter().chain(there)) {
        return Ok(Some(wrong));
    }
    let columns = Column::all(conn).await?;
    if let Some(wrong) = columns.iter().find_map(|column| column.wrong(&table)) {
        return Ok(Some(wrong));
    }
    let missing: Vec<_> = added.iter().filter(|expected| !found.has_column(expected.0)).collect();
    let joined: i64 = keys_of(DEAL.name).filter(|key| !found.has_column(key.joined.1)).map(|key| i64::from(key.characters) + 2).sum();
    let width = columns.iter().map(|column| column.width).chain(missing.iter().map(|expected| width_of(expected))).sum::<i64>() + joined;
    if (!missing.is_empty() || joined > 0) && width > WIDEST_ROW {
        return Ok(Some(WrongSchema::TooWide));
    }
    let indexes = Index::all(conn).await?;
    if !indexes.iter().any(|index| index.is_unique && index.columns.eq_ignore_ascii_case("id")) {
        return Ok(Some(WrongSchema::Column { table: DEAL.name, column: "id", expected: "the primary key" }));
    }
    let taken = |(name, columns): &&(&str, &str)| {
        let is_ours = |index: &Index| index.is_unique && index.columns.eq_ignore_ascii_case(columns);
        indexes.iter().any(|index| index.name.eq_ignore_ascii_case(name) && !is_ours(index))
    };
    Ok(DEAL.unique.iter().find(taken).map(|&(name, columns)| WrongSchema::UniqueIndex { table: DEAL.name, name, columns }))
}

/// What kind of table it is.
struct Table {
    kind: String,
    engine: String,
    options: String,
    row_format: String,
}

impl Table {
    async fn of(conn: &mut MySql) -> Result<Option<Self>, Error> {
        let table: Option<(String, String, String, String)> = sqlx::query_as(
            "SELECT CAST(table_type AS CHAR(64)), CAST(COALESCE(engine, '') AS CHAR(64)), CAST(COALESCE(create_options, '') AS CHAR(255)), \
             CAST(COALESCE(row_format, '') AS CHAR(64)) FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = ?",
        )
        .bind(conn.table("deal"))
        .fetch_optional(conn)
        .await?;
        Ok(table.map(|(kind, engine, options, row_format)| Self { kind, engine, options, row_format }))
    }

    fn wrong(&self) -> Option<WrongSchema> {
        if !self.kind.eq_ignore_ascii_case("BASE TABLE") {
            return Some(WrongSchema::NoTable(self.kind.to_lowercase()));
        }
        if !self.engine.eq_ignore_ascii_case(SAFE_ENGINE) {
            return Some(WrongSchema::Engine(DEAL.name));
        }
        if self.row_format.eq_ignore_ascii_case("redundant") {
            return Some(WrongSchema::OldRows);
        }
        self.options.to_lowercase().contains("partitioned").then_some(WrongSchema::Partitions)
    }
}

/// What an insert meets in a column.
struct Column {
    name: String,
    extra: String,
    /// Neither NULL nor a default.
    must_be_filled: bool,
    bytes: i64,
    /// What it counts in a row's width, or a little more.
    width: i64,
}

impl Column {
    async fn all(conn: &mut MySql) -> Result<Vec<Self>, Error> {
        let columns: Vec<(String, String, i64, i64, i64)> = sqlx::query_as(
            "SELECT CAST(column_name AS CHAR(64)), CAST(extra AS CHAR(255)), \
             CAST(is_nullable = 'NO' AND column_default IS NULL AND COALESCE(generation_expression, '') = '' AS SIGNED), \
             CAST(LEAST(COALESCE(character_octet_length, 0), 65535) AS SIGNED), \
             CAST(IF(data_type LIKE '%char' OR data_type LIKE '%binary', character_octet_length + 2, 12) AS SIGNED) \
             FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = ? ORDER BY ordinal_position",
        )
        .bind(conn.table("deal"))
        .fetch_all(conn)
        .await?;
        let column = |(name, extra, must_be_filled, bytes, width): (String, String, i64, i64, i64)| Self {
            name,
            extra: extra.to_lowercase(),
            must_be_filled: must_be_filled == 1,
            bytes,
            width,
        };
        Ok(columns.into_iter().map(column).collect())
    }

    fn wrong(&self, table: &Table) -> Option<WrongSchema> {
        let is_called = |name: &&str| self.name.eq_ignore_ascii_case(name);
        let numbers_itself = self.extra.contains("auto_increment");
        if is_called(&"id") && !numbers_itself {
            return Some(WrongSchema::Column { table: DEAL.name, column: "id", expected: "AUTO_INCREMENT" });
        }
        let is_short_format = ["compact", "redundant"].iter().any(|format| table.row_format.eq_ignore_ascii_case(format));
        if is_called(&"order_id") && is_short_format && self.bytes > SHORT_KEY {
            return Some(WrongSchema::Column {
                table: DEAL.name,
                column: "order_id",
                expected: "varchar(45), or the table ROW_FORMAT=DYNAMIC, to be indexed",
            });
        }
        let is_filled = FILLED.iter().any(is_called) || numbers_itself;
        (self.must_be_filled && !is_filled).then(|| WrongSchema::Unfilled(self.name.escape_debug().to_string()))
    }
}

/// What a column of ours counts in a row's width, or a little more.
fn width_of((_, types, characters, _): &Expected) -> i64 {
    let text = i64::try_from(*characters).unwrap_or(i64::MAX) * 4 + 2;
    if types.contains(&"varchar") { text } else { 12 }
}

/// An index on the table.
struct Index {
    name: String,
    columns: String,
    is_unique: bool,
}

impl Index {
    async fn all(conn: &mut MySql) -> Result<Vec<Self>, Error> {
        let indexes: Vec<(String, String, i64)> = sqlx::query_as(
            "SELECT CAST(index_name AS CHAR(64)), CAST(COALESCE(GROUP_CONCAT(column_name ORDER BY seq_in_index SEPARATOR ', '), '') AS CHAR(1000)), \
             CAST(MAX(non_unique) AS SIGNED) FROM information_schema.statistics \
             WHERE table_schema = DATABASE() AND table_name = ? GROUP BY index_name",
        )
        .bind(conn.table("deal"))
        .fetch_all(conn)
        .await?;
        Ok(indexes.into_iter().map(|(name, columns, non_unique)| Self { name, columns, is_unique: non_unique == 0 }).collect())
    }
}
