//! What safety rests on, checked at start: a schema that could lose or double a payment refuses to start.

use sqlx::Error;

use super::expected::{
    ALARM, AUDIT, BILL, BILL_DIFFERENCE, BILL_FILE, BILL_PART, CHECKOUT, CONSOLE_SESSION, CONSOLE_TOTP, DEAL, DELIVERY, Expected, JOURNAL,
    Key, OUTBOX, PAUSE, REFUND, Table, keys_of,
};
use crate::store::engine::connection::{Conn, MySql, Sqlite};
use crate::store::error::{StoreError, not_yet};

/// The schema lacks something that this service relies on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WrongSchema {
    /// A column is missing, or is of a type that cannot hold what belongs there.
    #[error("column {table}.{column} must be {expected}")]
    Column {
        /// Of which table.
        table: &'static str,
        /// Its name.
        column: &'static str,
        /// What it must be.
        expected: &'static str,
    },
    /// Without it the same order, payment or refund could be stored twice.
    #[error("the table {table} needs a unique index: CREATE UNIQUE INDEX {name} ON {table} ({columns})")]
    UniqueIndex {
        /// On which table.
        table: &'static str,
        /// Its name.
        name: &'static str,
        /// What it must be over.
        columns: &'static str,
    },
    /// Without it rows of a key are not found.
    #[error("the table {table} needs an index: CREATE INDEX {name} ON {table} ({columns})")]
    Index {
        /// On which table.
        table: &'static str,
        /// Its name.
        name: &'static str,
        /// What it must be over.
        columns: &'static str,
    },
    /// With it hardly a new deal could be stored, or its payment.
    #[error("the table deal has a unique index that new deals or their payments would violate: DROP INDEX {0} ON deal")]
    ForeignIndex(String),
    /// Without the journal, say, no change is made.
    #[error("the table {table} is missing: {remedy}")]
    Missing {
        /// Which table.
        table: &'static str,
        /// What brings it back.
        remedy: &'static str,
    },
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
    /// A table of another program's that is called as one of ours.
    #[error("the table {0} is another program's, and this service needs one of that name: rename it")]
    TakenTable(&'static str),
    /// An index of another program's that is called as one of ours.
    #[error("the index {name} must be over {table} ({columns}): rename the one that is there")]
    TakenIndex {
        /// The table of ours.
        table: &'static str,
        /// Its name.
        name: &'static str,
        /// What ours is over.
        columns: &'static str,
    },
    /// A row of MySQL's has at most 65,535 bytes beside its texts, by what its columns could hold.
    #[error("the table deal has no room in its rows for the columns of this service: make a wide varchar column a text")]
    TooWide,
    /// Of texts such rows keep the first 768 bytes each.
    #[error(
        "the rows of the table deal are REDUNDANT, and have no room for the columns of this service: ALTER TABLE deal ROW_FORMAT=DYNAMIC"
    )]
    OldRows,
    /// MyISAM and the like lose rows in a crash.
    #[error("the table {0} must be of the engine InnoDB: ALTER TABLE {0} ENGINE=InnoDB")]
    Engine(&'static str),
}

impl WrongSchema {
    /// The column that the server joins is missing, or is another one.
    pub fn joined(key: &Key) -> Self {
        Self::Column { table: key.table, column: key.joined.1, expected: key.definition }
    }

    /// The same as an error, about the tables as they are called on this connection.
    pub fn about(&self, conn: &Conn) -> StoreError {
        StoreError::WrongSchema(conn.told(&self.to_string()))
    }
}

pub const SAFE_ENGINE: &str = "InnoDB";

/// Holds the schema against what the statements rely on.
pub async fn check(conn: &mut Conn) -> Result<(), StoreError> {
    let of_deals = [&DEAL, &JOURNAL, &REFUND, &OUTBOX, &DELIVERY, &PAUSE, &CHECKOUT];
    let of_bills = [&BILL, &BILL_FILE, &BILL_PART, &BILL_DIFFERENCE];
    let of_the_console = [&AUDIT, &CONSOLE_SESSION, &CONSOLE_TOTP, &ALARM];
    for table in of_deals.into_iter().chain(of_bills).chain(of_the_console) {
        let found = Found::of(table, conn).await.map_err(|error| not_yet(&error))?;
        if let Some(wrong) = found.wrong(table) {
            return Err(wrong.about(conn));
        }
    }
    Ok(())
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

/// What there is of a table.
pub struct Found {
    is_on_server: bool,
    columns: Vec<Column>,
    /// Name and columns of each, and whether it takes rows that are equal in them (1).
    indexes: Vec<(String, String, i64)>,
    /// What keeps it; `None`: there is no such table.
    engine: Option<String>,
}

impl Found {
    /// Looks at a table.
    pub async fn of(table: &Table, conn: &mut Conn) -> Result<Self, Error> {
        match conn {
            Conn::MySql(c) => Self::on_server(table, c).await,
            Conn::Sqlite(c) => Self::in_file(table, c).await,
        }
    }

    fn wrong(&self, table: &Table) -> Option<WrongSchema> {
        let Some(engine) = &self.engine else { return Some(WrongSchema::Missing { table: table.name, remedy: table.remedy }) };
        if !engine.eq_ignore_ascii_case(SAFE_ENGINE) {
            return Some(WrongSchema::Engine(table.name));
        }
        let has_index = |(name, columns): &(&str, &str), most: i64| {
            self.indexes.iter().any(|index| index.0 == *name && index.1.eq_ignore_ascii_case(columns) && index.2 <= most)
        };
        let mut unique = table.unique.iter().copied().chain(keys_of(table.name).map(|key| key.unique(self.is_on_server)));
        let mut missing = || unique.find(|index| !has_index(index, 0));
        let joined = || keys_of(table.name).find(|key| self.is_on_server && !self.has_column(key.joined.1));
        let wrong = self.wrong_column(table, table.columns).or_else(|| joined().map(WrongSchema::joined));
        let wrong = wrong.or_else(|| missing().map(|(name, columns)| WrongSchema::UniqueIndex { table: table.name, name, columns }));
        let unfound = || keys_of(table.name).map(|key| key.index).find(|index| !has_index(index, 1));
        wrong.or_else(|| unfound().map(|(name, columns)| WrongSchema::Index { table: table.name, name, columns }))
    }

    pub fn has_column(&self, name: &str) -> bool {
        self.column(name).is_some()
    }

    /// What is wrong with the first of these columns of the table that is not as it must be.
    pub fn wrong_column<'e>(&self, table: &Table, expected: impl IntoIterator<Item = &'e Expected>) -> Option<WrongSchema> {
        let fits = |expected: &&Expected| {
            self.column(expected.0).is_some_and(|column| column.mysql_type.as_ref().is_none_or(|kind| kind.fits(expected)))
        };
        let wrong = expected.into_iter().find(|expected| !fits(expected))?;
        Some(WrongSchema::Column { table: table.name, column: wrong.0, expected: wrong.3 })
    }

    fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name.eq_ignore_ascii_case(name))
    }

    pub async fn on_server(table: &Table, conn: &mut MySql) -> Result<Self, Error> {
        type Row = (String, String, i64, Option<i64>, Option<i64>);
        let table = conn.table(table.name);
        let columns: Vec<Row> = sqlx::query_as(
            "SELECT CAST(column_name AS CHAR(64)), CAST(data_type AS CHAR(64)), CAST(COALESCE(character_maximum_length, 0) AS SIGNED), \
             CAST(numeric_precision AS SIGNED), CAST(numeric_scale AS SIGNED) \
             FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = ?",
        )
        .bind(&table)
        .fetch_all(&mut *conn)
        .await?;
        let indexes = sqlx::query_as(
            "SELECT CAST(index_name AS CHAR(64)), \
             CAST(COALESCE(GROUP_CONCAT(column_name ORDER BY seq_in_index SEPARATOR ', '), '') AS CHAR(1000)), CAST(MAX(non_unique) AS SIGNED) \
             FROM information_schema.statistics WHERE table_schema = DATABASE() AND table_name = ? GROUP BY index_name",
        )
        .bind(&table)
        .fetch_all(&mut *conn)
        .await?;
        let engine = sqlx::query_scalar(
            "SELECT CAST(COALESCE(engine, '') AS CHAR(64)) FROM information_schema.tables \
             WHERE table_schema = DATABASE() AND table_name = ?",
        )
        .bind(&table)
        .fetch_optional(&mut *conn)
        .await?;
        let column = |(name, kind, characters, all, behind): Row| Column {
            name,
            mysql_type: Some(Type {
                name: kind.to_lowercase(),
                characters: u64::try_from(characters).unwrap_or(0),
                digits: all.zip(behind),
            }),
        };
        Ok(Self { is_on_server: true, columns: columns.into_iter().map(column).collect(), indexes, engine })
    }

    async fn in_file(table: &Table, conn: &mut Sqlite) -> Result<Self, Error> {
        let table = conn.table(table.name);
        let columns: Vec<(String,)> = sqlx::query_as("SELECT name FROM pragma_table_info(?)").bind(&table).fetch_all(&mut *conn).await?;
        let tables = "SELECT name FROM sqlite_master WHERE type = 'table' AND name = ?";
        let there: Option<String> = sqlx::query_scalar(tables).bind(&table).fetch_optional(&mut *conn).await?;
        let indexes = sqlx::query_as(
            "SELECT list.name, (SELECT COALESCE(GROUP_CONCAT(name, ', '), '') FROM pragma_index_info(list.name)), 0 \
             FROM pragma_index_list(?) list WHERE list.\"unique\" = 1 AND list.partial = 0",
        )
        .bind(&table)
        .fetch_all(&mut *conn)
        .await?;
        Ok(Self {
            is_on_server: false,
            columns: columns.into_iter().map(|(name,)| Column { name, mysql_type: None }).collect(),
            indexes,
            engine: there.map(|_| SAFE_ENGINE.to_owned()),
        })
    }
}
