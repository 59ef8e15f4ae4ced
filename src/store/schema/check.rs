//! What safety rests on, checked at start: a schema that could lose or double a payment refuses to start.

use std::collections::HashMap;

use sqlx::Error;

use crate::store::engine::connection::{Conn, MySql, Sqlite};
use crate::store::error::{StoreError, not_yet};

/// The schema lacks something that this service relies on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WrongSchema {
    /// A column is missing, or is of a type that cannot hold what belongs there.
    #[error("column deal.{column} must be {expected}")]
    Column {
        /// Its name.
        column: &'static str,
        /// What it must be.
        expected: &'static str,
    },
    /// Without it the same order, or the same payment, could be stored twice.
    #[error("the table deal needs a unique index: CREATE UNIQUE INDEX {name} ON deal ({columns})")]
    UniqueIndex {
        /// Its name.
        name: &'static str,
        /// What it must be over.
        columns: &'static str,
    },
    /// With it hardly a new deal could be stored, or its payment.
    #[error("the table deal has a unique index that new deals or their payments would violate: DROP INDEX {0} ON deal")]
    ForeignIndex(String),
    /// Without the journal no change is made.
    #[error("the table deal_event is missing: DELETE FROM deal_migration WHERE version = 2, and start again")]
    Journal,
    /// A view, or a table that keeps its history by itself.
    #[error("deal must be a table, and is a {0}")]
    NoTable(String),
    /// A unique index would have to be over the columns of the partitioning too.
    #[error("the table deal must not be partitioned, for no column of its own could be unique: ALTER TABLE deal REMOVE PARTITIONING")]
    Partitions,
    /// A column that no insert of ours names.
    #[error("column deal.{0} must have a default or take NULL: this service does not fill it")]
    Unfilled(String),
    /// A trigger, a CHECK, a foreign key or whatever else the server's words name.
    #[error("the table deal takes no row of this service: {0}")]
    Refuses(String),
    /// Names of indexes are those of the whole file in SQLite, and a file holds the deals of one service.
    #[error("the file holds its deals in the table \"{0}\", which database.table_prefix must lead to")]
    OtherPrefix(String),
    /// A column of another program's that is called as one of ours.
    #[error("the column deal.{0} is another program's, and this service needs one of that name: rename it")]
    TakenColumn(&'static str),
    /// An index of another program's that is called as one of ours.
    #[error("the index {name} must be over deal ({columns}): rename the one that is there")]
    TakenIndex {
        /// Its name.
        name: &'static str,
        /// What ours is over.
        columns: &'static str,
    },
    /// A row of MySQL's has at most 65,535 bytes beside its texts, by what its columns could hold.
    #[error("the table deal has no room in its rows for the columns of this service: make a wide varchar column a text")]
    TooWide,
    /// MyISAM and the like lose rows in a crash.
    #[error("the table {0} must be of the engine InnoDB: ALTER TABLE {0} ENGINE=InnoDB")]
    Engine(&'static str),
}

impl WrongSchema {
    /// The same as an error, about the tables as they are called on this connection.
    pub fn about(&self, conn: &Conn) -> StoreError {
        StoreError::WrongSchema(conn.told(&self.to_string()))
    }
}

/// A column that matters: name, types (of MySQL) that will do, at least how many characters, and what it should be.
pub type Expected = (&'static str, &'static [&'static str], u64, &'static str);

const PRICE: &str = "double, or decimal with at least 2 digits behind the point and 8 before it";
/// The original's, and ours.
pub const COLUMNS: [Expected; 32] = [
    ("id", &["int", "bigint"], 0, "int"),
    ("order_id", &["varchar", "char"], 32, "varchar(45)"),
    ("product_id", &["int", "bigint"], 0, "int"),
    ("merchant_id", &["int", "bigint"], 0, "int"),
    ("transaction_id", &["varchar", "char"], 32, "varchar(45)"),
    ("price", &["double", "decimal"], 0, PRICE),
    ("price_last", &["double", "decimal"], 0, PRICE),
    ("status", &["tinyint", "smallint", "int"], 0, "tinyint"),
    ("mode", &["tinyint", "smallint", "int"], 0, "tinyint"),
    ("prepayBack", &["text", "mediumtext", "longtext"], 0, "text"),
    ("payBack", &["text", "mediumtext", "longtext"], 0, "text"),
    ("queryBack", &["text", "mediumtext", "longtext"], 0, "text"),
    ("create_at", &["datetime"], 0, "datetime"),
    ("update_at", &["datetime"], 0, "datetime"),
    ("order_key", &["varchar"], 45, "varchar(45)"),
    ("total_fee", &["bigint"], 0, "bigint"),
    ("idempotency_key", &["varchar"], 64, "varchar(64)"),
    ("expires_at", &["datetime"], 0, "datetime"),
    ("due_at", &["datetime"], 0, "datetime"),
    ("prepay_request", &["text", "mediumtext", "longtext"], 0, "text"),
    ("asking_until", &["datetime"], 0, "datetime"),
    ("code_url", &["varchar"], 256, "varchar(256)"),
    ("refusal", &["varchar"], 255, "varchar(255)"),
    ("transaction_key", &["varchar"], 45, "varchar(45)"),
    ("signed_nonce", &["varchar"], 64, "varchar(64)"),
    ("refunded_at", &["datetime"], 0, "datetime"),
    ("account", &["varchar"], 32, "varchar(32)"),
    ("account_named", &["tinyint", "smallint", "int"], 0, "tinyint"),
    ("description", &["varchar"], 127, "varchar(127)"),
    ("reference", &["varchar"], 64, "varchar(64)"),
    ("return_url", &["text", "mediumtext", "longtext"], 0, "text"),
    ("cancel_url", &["text", "mediumtext", "longtext"], 0, "text"),
];
/// So many are the original's.
pub const ORIGINAL: usize = 14;
pub const UNIQUE: [(&str, &str); 4] = [
    ("deal_order_key", "order_key"),
    ("deal_idempotency_key", "merchant_id, idempotency_key"),
    ("deal_transaction_key", "transaction_key"),
    ("deal_signed_nonce", "merchant_id, signed_nonce"),
];

pub const SAFE_ENGINE: &str = "InnoDB";

/// Holds the schema against what the statements rely on.
pub async fn check(conn: &mut Conn) -> Result<(), StoreError> {
    let found = match conn {
        Conn::MySql(c) => mysql(c).await,
        Conn::Sqlite(c) => sqlite(c).await,
    };
    let found = found.map_err(|error| not_yet(&error))?;
    found.wrong().map_or(Ok(()), |wrong| Err(wrong.about(conn)))
}

struct Column {
    name: String,
    /// SQLite's types are of its own; its columns are all of our making.
    mysql_type: Option<Type>,
}

struct Type {
    name: String,
    characters: u64,
    /// Digits altogether, and those of them behind the point, where they are limited.
    digits: Option<(i64, i64)>,
}

impl Type {
    fn fits(&self, (_, types, length, _): &Expected) -> bool {
        let is_money = matches!(self.name.as_str(), "double" | "decimal");
        // The largest price that can be asked for is 99,999,999.99 yuan.
        let holds_prices = self.digits.is_none_or(|(all, behind)| behind >= 2 && all - behind >= 8);
        types.contains(&self.name.as_str()) && (*length == 0 || self.characters >= *length) && (!is_money || holds_prices)
    }
}

/// What there is.
pub struct Found {
    columns: Vec<Column>,
    /// Name and columns of each.
    unique_indexes: Vec<(String, String)>,
    /// Which of the tables there are, by their plain names, and what keeps them.
    engines: HashMap<String, String>,
}

impl Found {
    fn wrong(&self) -> Option<WrongSchema> {
        let Some(journal_engine) = self.engines.get("deal_event") else { return Some(WrongSchema::Journal) };
        for (table, engine) in [("deal", self.engines.get("deal")), ("deal_event", Some(journal_engine))] {
            if engine.is_some_and(|engine| !engine.eq_ignore_ascii_case(SAFE_ENGINE)) {
                return Some(WrongSchema::Engine(table));
            }
        }
        let has_index = |(name, columns): &(&str, &str)| {
            self.unique_indexes.iter().any(|index| index.0 == *name && index.1.eq_ignore_ascii_case(columns))
        };
        let wrong = COLUMNS.iter().find_map(|expected| self.wrong_column(expected));
        let missing = || UNIQUE.into_iter().find(|index| !has_index(index));
        wrong.or_else(|| missing().map(|(name, columns)| WrongSchema::UniqueIndex { name, columns }))
    }

    pub fn has_column(&self, name: &str) -> bool {
        self.column(name).is_some()
    }

    /// What is wrong with a column that matters, if anything.
    pub fn wrong_column(&self, expected: &Expected) -> Option<WrongSchema> {
        let column = self.column(expected.0);
        let fits = column.is_some_and(|column| column.mysql_type.as_ref().is_none_or(|kind| kind.fits(expected)));
        (!fits).then_some(WrongSchema::Column { column: expected.0, expected: expected.3 })
    }

    fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name.eq_ignore_ascii_case(name))
    }
}

pub async fn mysql(conn: &mut MySql) -> Result<Found, Error> {
    type Row = (String, String, i64, Option<i64>, Option<i64>);
    let deal = conn.table("deal");
    let columns: Vec<Row> = sqlx::query_as(
        "SELECT CAST(column_name AS CHAR(64)), CAST(data_type AS CHAR(64)), CAST(COALESCE(character_maximum_length, 0) AS SIGNED), \
         CAST(numeric_precision AS SIGNED), CAST(numeric_scale AS SIGNED) \
         FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = ?",
    )
    .bind(&deal)
    .fetch_all(&mut *conn)
    .await?;
    let unique_indexes = sqlx::query_as(
        "SELECT CAST(index_name AS CHAR(64)), CAST(GROUP_CONCAT(column_name ORDER BY seq_in_index SEPARATOR ', ') AS CHAR(1000)) \
         FROM information_schema.statistics WHERE table_schema = DATABASE() AND table_name = ? AND non_unique = 0 \
         GROUP BY index_name",
    )
    .bind(&deal)
    .fetch_all(&mut *conn)
    .await?;
    let engines: Vec<(String, String)> = sqlx::query_as(
        "SELECT IF(table_name = ?, 'deal', 'deal_event'), CAST(COALESCE(engine, '') AS CHAR(64)) FROM information_schema.tables \
         WHERE table_schema = DATABASE() AND table_name IN (?, ?)",
    )
    .bind(&deal)
    .bind(&deal)
    .bind(conn.table("deal_event"))
    .fetch_all(&mut *conn)
    .await?;
    Ok(Found {
        columns: columns
            .into_iter()
            .map(|(name, kind, characters, all, behind)| Column {
                name,
                mysql_type: Some(Type {
                    name: kind.to_lowercase(),
                    characters: u64::try_from(characters).unwrap_or(0),
                    digits: all.zip(behind),
                }),
            })
            .collect(),
        unique_indexes,
        engines: engines.into_iter().collect(),
    })
}

async fn sqlite(conn: &mut Sqlite) -> Result<Found, Error> {
    let deal = conn.table("deal");
    let columns: Vec<(String,)> = sqlx::query_as("SELECT name FROM pragma_table_info(?)").bind(&deal).fetch_all(&mut *conn).await?;
    let tables = "SELECT IIF(name = ?, 'deal', 'deal_event') FROM sqlite_master WHERE type = 'table' AND name IN (?, ?)";
    let tables: Vec<(String,)> =
        sqlx::query_as(tables).bind(&deal).bind(&deal).bind(conn.table("deal_event")).fetch_all(&mut *conn).await?;
    let unique_indexes = sqlx::query_as(
        "SELECT list.name, (SELECT COALESCE(GROUP_CONCAT(name, ', '), '') FROM pragma_index_info(list.name)) \
         FROM pragma_index_list(?) list WHERE list.\"unique\" = 1 AND list.partial = 0",
    )
    .bind(&deal)
    .fetch_all(&mut *conn)
    .await?;
    Ok(Found {
        columns: columns.into_iter().map(|(name,)| Column { name, mysql_type: None }).collect(),
        unique_indexes,
        engines: tables.into_iter().map(|(name,)| (name, SAFE_ENGINE.to_owned())).collect(),
    })
}
