//! A prefix of our tables' names, which an installation of the original's may have given its own (ThinkJS calls it so).
//!
//! Every SQL text is written with the plain names; a connection gives them the prefix on their way to the driver. Without
//! one a text goes as it is. Names that are values, in questions to the schema, are asked of [`Renaming::table`].

use std::collections::HashMap;
use std::fmt::Debug;
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;
use sqlx::error::BoxDynError;
use sqlx::{AssertSqlSafe, Connection, Database, Either, Error, Execute, Executor, SqlSafeStr, SqlStr};

const LONGEST_PREFIX: usize = 20;

/// The prefix of our tables' names, if they have one. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct TableNames(Option<Arc<Prefixed>>);

#[derive(Debug)]
struct Prefixed {
    prefix: String,
    /// The tables that have it.
    plain: &'static [&'static str],
    /// What texts that stay prepared have become: as many as there are statements.
    texts: Mutex<HashMap<Box<str>, Arc<str>>>,
}

/// No prefix of tables is so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a prefix is at most 20 of the letters a to z, digits and _")]
pub struct InvalidTablePrefix;

impl TableNames {
    /// These tables with a prefix.
    ///
    /// # Errors
    /// The prefix is too long, or has other characters than letters, digits and `_`.
    pub fn with_prefix(prefix: &str, plain: &'static [&'static str]) -> Result<Self, InvalidTablePrefix> {
        if prefix.len() > LONGEST_PREFIX || !prefix.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
            return Err(InvalidTablePrefix);
        }
        let prefixed = || Arc::new(Prefixed { prefix: prefix.to_owned(), plain, texts: Mutex::default() });
        Ok(Self((!prefix.is_empty()).then(prefixed)))
    }

    /// The prefix, or nothing.
    pub fn prefix(&self) -> &str {
        self.0.as_ref().map_or("", |names| &names.prefix)
    }

    /// What a table of ours is called.
    pub fn table(&self, plain: &str) -> String {
        format!("{}{plain}", self.prefix())
    }

    /// How many texts have been renamed and stay prepared.
    #[cfg(test)]
    pub fn kept(&self) -> usize {
        self.0.as_ref().map_or(0, |names| names.texts.lock().unwrap_or_else(PoisonError::into_inner).len())
    }

    /// The same words for an operator, about the tables as they are called.
    pub fn told(&self, words: &str) -> String {
        match &self.0 {
            Some(names) => names.renamed(words, |plain| self.table(plain)),
            None => words.to_owned(),
        }
    }

    pub(in crate::store) fn in_sql(&self, sql: SqlStr, stays_prepared: bool) -> SqlStr {
        let names_one = |names: &&Arc<Prefixed>| names.plain.iter().any(|plain| sql.as_str().contains(plain));
        let Some(names) = self.0.as_ref().filter(names_one) else { return sql };
        // Quoted, for a name may begin with a digit.
        let renamed = || names.renamed(sql.as_str(), |plain| format!("`{}{plain}`", names.prefix));
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

impl Prefixed {
    /// A text in which whole words that are plain names are called otherwise. Strings and comments stay.
    fn renamed(&self, text: &str, name: impl Fn(&str) -> String) -> String {
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
                plain if self.plain.contains(&plain) => done.push_str(&name(plain)),
                _ => done.push_str(token),
            }
            rest = behind;
        }
        done
    }
}

/// A connection whose statements name the tables as they are called.
#[derive(Debug)]
pub struct Renaming<C> {
    conn: C,
    names: TableNames,
    /// Whether a transaction is held together by a savepoint ([`Conn::begin`](super::connection::Conn::begin)).
    pub sets_savepoints: bool,
}

impl<C> Renaming<C> {
    pub fn new(conn: C, names: &TableNames) -> Self {
        Self { conn, names: names.clone(), sets_savepoints: false }
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

    // No statement is prepared by hand here, which would be of another text.
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
