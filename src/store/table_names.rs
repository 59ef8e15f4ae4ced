//! What our tables are called: `deal`, `deal_event` and `deal_migration`, behind the prefix that an installation of the
//! original's may have given its own (ThinkJS calls it so).
//!
//! Every SQL text is written with the plain names; a connection gives them the prefix on their way to the driver. Without
//! one a text goes as it is. Names that are values, in questions to the schema, are asked of [`Renaming::table`].

use std::collections::HashMap;
use std::fmt::Debug;
use std::str::FromStr;
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;
use sqlx::error::BoxDynError;
use sqlx::{AssertSqlSafe, Connection, Database, Either, Error, Execute, Executor, SqlSafeStr, SqlStr};

const PLAIN: [&str; 3] = ["deal", "deal_event", "deal_migration"];
const LONGEST_PREFIX: usize = 20;

/// The prefix of our tables' names, if they have one. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct TableNames(Option<Arc<Prefixed>>);

#[derive(Debug)]
struct Prefixed {
    prefix: String,
    /// What texts that stay prepared have become: as many as there are statements.
    texts: Mutex<HashMap<Box<str>, Arc<str>>>,
}

/// No prefix of tables is so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a prefix is at most 20 of the letters a to z, digits and _")]
pub struct InvalidTablePrefix;

impl FromStr for TableNames {
    type Err = InvalidTablePrefix;

    fn from_str(prefix: &str) -> Result<Self, InvalidTablePrefix> {
        if prefix.len() > LONGEST_PREFIX || !prefix.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
            return Err(InvalidTablePrefix);
        }
        let prefixed = || Arc::new(Prefixed { prefix: prefix.to_owned(), texts: Mutex::default() });
        Ok(Self((!prefix.is_empty()).then(prefixed)))
    }
}

impl TableNames {
    /// The prefix, or nothing.
    pub fn prefix(&self) -> &str {
        self.0.as_ref().map_or("", |names| &names.prefix)
    }

    /// What a table of ours is called.
    pub fn table(&self, plain: &str) -> String {
        format!("{}{plain}", self.prefix())
    }

    /// The same words for an operator, about the tables as they are called.
    pub fn told(&self, words: &str) -> String {
        renamed(words, |plain| self.table(plain))
    }

    fn in_sql(&self, sql: SqlStr, stays_prepared: bool) -> SqlStr {
        let Some(names) = self.0.as_ref().filter(|_| sql.as_str().contains("deal")) else { return sql };
        // Quoted, for a name may begin with a digit.
        let renamed = || renamed(sql.as_str(), |plain| format!("`{}{plain}`", names.prefix));
        if !stays_prepared {
            return AssertSqlSafe(renamed()).into_sql_str();
        }
        let mut texts = names.texts.lock().unwrap_or_else(PoisonError::into_inner);
        let text = match texts.get(sql.as_str()) {
            Some(text) => Arc::clone(text),
            None => Arc::clone(texts.entry(sql.as_str().into()).or_insert_with(|| renamed().into())),
        };
        AssertSqlSafe(text).into_sql_str()
    }
}

/// A text in which whole words that are plain names are called otherwise. Strings and comments stay.
fn renamed(text: &str, name: impl Fn(&str) -> String) -> String {
    let is_of_word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '$');
    let mut done = String::with_capacity(text.len() + 2 * LONGEST_PREFIX);
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '\'' | '"' | '`' => rest.match_indices(first).nth(1).map_or(rest.len(), |(end, _)| end + 1),
            '-' if rest.starts_with("--") => rest.find('\n').unwrap_or(rest.len()),
            first if is_of_word(first) => rest.find(|c| !is_of_word(c)).unwrap_or(rest.len()),
            first => first.len_utf8(),
        };
        let (token, behind) = rest.split_at(length);
        match token.trim_matches('`') {
            plain if PLAIN.contains(&plain) => done.push_str(&name(plain)),
            _ => done.push_str(token),
        }
        rest = behind;
    }
    done
}

/// A connection whose statements name the tables as they are called.
#[derive(Debug)]
pub struct Renaming<C> {
    conn: C,
    names: TableNames,
}

impl<C> Renaming<C> {
    pub fn new(conn: C, names: &TableNames) -> Self {
        Self { conn, names: names.clone() }
    }

    /// What a table of ours is called, to be bound where its name is a value.
    pub fn table(&self, plain: &str) -> String {
        self.names.table(plain)
    }

    pub fn names(&self) -> &TableNames {
        &self.names
    }
}

impl<C: Connection> Renaming<C> {
    /// Whether the server still answers.
    pub async fn ping(&mut self) -> Result<(), Error> {
        self.conn.ping().await
    }
}

impl<'c, C> Executor<'c> for &'c mut Renaming<C>
where
    C: Connection + Debug,
    &'c mut C: Executor<'c, Database = C::Database>,
{
    type Database = C::Database;

    fn fetch_many<'e, 'q: 'e, E>(
        self,
        query: E,
    ) -> BoxStream<'e, Result<Either<<C::Database as Database>::QueryResult, <C::Database as Database>::Row>, Error>>
    where
        'c: 'e,
        E: 'q + Execute<'q, C::Database>,
    {
        self.conn.fetch_many(Renamed::new(query, &self.names))
    }

    fn fetch_optional<'e, 'q: 'e, E>(self, query: E) -> BoxFuture<'e, Result<Option<<C::Database as Database>::Row>, Error>>
    where
        'c: 'e,
        E: 'q + Execute<'q, C::Database>,
    {
        self.conn.fetch_optional(Renamed::new(query, &self.names))
    }

    fn prepare_with<'e>(
        self,
        sql: SqlStr,
        parameters: &'e [<C::Database as Database>::TypeInfo],
    ) -> BoxFuture<'e, Result<<C::Database as Database>::Statement, Error>>
    where
        'c: 'e,
    {
        self.conn.prepare_with(self.names.in_sql(sql, true), parameters)
    }
}

/// What a connection is given, with another text.
struct Renamed<DB: Database> {
    sql: SqlStr,
    arguments: Result<Option<DB::Arguments>, BoxDynError>,
    persistent: bool,
}

impl<DB: Database> Renamed<DB> {
    fn new<'q>(mut query: impl Execute<'q, DB>, names: &TableNames) -> Self {
        let (arguments, persistent) = (query.take_arguments(), query.persistent());
        Self { arguments, persistent, sql: names.in_sql(query.sql(), persistent) }
    }
}

impl<DB: Database> Execute<'_, DB> for Renamed<DB> {
    fn sql(self) -> SqlStr {
        self.sql
    }

    // Nobody here prepares a statement by hand, which would be of another text.
    fn statement(&self) -> Option<&DB::Statement> {
        None
    }

    fn take_arguments(&mut self) -> Result<Option<DB::Arguments>, BoxDynError> {
        std::mem::replace(&mut self.arguments, Ok(None))
    }

    fn persistent(&self) -> bool {
        self.persistent
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(prefix: &str) -> TableNames {
        prefix.parse().unwrap()
    }

    fn in_sql(text: &'static str) -> String {
        names("think_").in_sql(text.into_sql_str(), true).as_str().to_owned()
    }

    #[test]
    fn every_table_of_ours_gets_the_prefix_wherever_it_stands() {
        for (text, expected) in [
            ("SELECT 1 FROM deal", "SELECT 1 FROM `think_deal`"),
            ("deal", "`think_deal`"),
            ("LEFT JOIN deal ON deal.id = counted.oldest", "LEFT JOIN `think_deal` ON `think_deal`.id = counted.oldest"),
            ("FROM deal k WHERE k.order_key = ?", "FROM `think_deal` k WHERE k.order_key = ?"),
            ("INSERT INTO deal_event (kind) VALUES (?)", "INSERT INTO `think_deal_event` (kind) VALUES (?)"),
            ("SELECT version\nFROM\tdeal_migration;", "SELECT version\nFROM\t`think_deal_migration`;"),
            ("SELECT `deal`.`id` FROM `deal`,`deal_event`", "SELECT `think_deal`.`id` FROM `think_deal`,`think_deal_event`"),
            ("EXISTS(SELECT 1 FROM deal)", "EXISTS(SELECT 1 FROM `think_deal`)"),
        ] {
            assert_eq!(in_sql(text), expected);
        }
    }

    #[test]
    fn names_of_indexes_values_and_comments_stay() {
        for (text, expected) in [
            ("CREATE UNIQUE INDEX deal_order_key ON deal (order_key)", "CREATE UNIQUE INDEX deal_order_key ON `think_deal` (order_key)"),
            ("FROM deal FORCE INDEX (deal_order_key)", "FROM `think_deal` FORCE INDEX (deal_order_key)"),
            ("SELECT 'deal', 'a deal''s', \"deal\" FROM deal", "SELECT 'deal', 'a deal''s', \"deal\" FROM `think_deal`"),
            ("-- A deal isn't one.\nALTER TABLE deal ADD", "-- A deal isn't one.\nALTER TABLE `think_deal` ADD"),
            (
                "RIGHT(t, 5) = '_deal' OR deals = old_deal OR $deal = `my deal`",
                "RIGHT(t, 5) = '_deal' OR deals = old_deal OR $deal = `my deal`",
            ),
            ("SELECT '未付 deal' 未deal, 'deal", "SELECT '未付 deal' 未deal, 'deal"),
        ] {
            assert_eq!(in_sql(text), expected);
        }
    }

    #[test]
    fn a_text_is_renamed_once_and_without_a_prefix_never() {
        const TEXT: &str = "SELECT 1 FROM deal";
        let at = |sql: SqlStr| sql.as_str().as_ptr();
        let prefixed = names("think_");
        assert_eq!(at(prefixed.in_sql(TEXT.into_sql_str(), true)), at(prefixed.clone().in_sql(TEXT.into_sql_str(), true)));
        assert_eq!(at(prefixed.in_sql("COMMIT".into_sql_str(), true)), "COMMIT".as_ptr());
        assert_eq!(at(TableNames::default().in_sql(TEXT.into_sql_str(), true)), TEXT.as_ptr());
        // What is sent once is not kept.
        let sql = prefixed.in_sql("SELECT 1 FROM deal WHERE id IN (1)".into_sql_str(), false);
        assert_eq!(sql.as_str(), "SELECT 1 FROM `think_deal` WHERE id IN (1)");
        assert_eq!(prefixed.0.unwrap().texts.lock().unwrap().len(), 1);
    }

    #[test]
    fn operators_read_the_names_without_quotes() {
        let told = names("think_").told("the table deal needs: CREATE UNIQUE INDEX deal_order_key ON deal (order_key)");
        assert_eq!(told, "the table think_deal needs: CREATE UNIQUE INDEX deal_order_key ON think_deal (order_key)");
        assert_eq!(TableNames::default().told("column deal.id"), "column deal.id");
    }

    #[test]
    fn what_could_end_a_name_is_no_prefix() {
        for prefix in ["", "think_", "1e2", "_", "A_9", "twentytwentytwenty20"] {
            assert_eq!(names(prefix).prefix(), prefix);
        }
        for prefix in ["a`", "a.", "a-", " ", "a b", "a'", "付", "é", "a;", "a\n", "twentyonetwentyonetwe"] {
            assert_eq!(prefix.parse::<TableNames>().unwrap_err(), InvalidTablePrefix, "{prefix:?}");
        }
    }
}
