//! Prepared statements for batches: texts are made for some numbers of rows, so that each is prepared once; other numbers are
//! put together from these.
//!
//! The values of an UPDATE hang on `CASE key`, its rows on `key IN`: a join with a derived table, JSON_TABLE, and single
//! updates in one transaction were all slower when measured. For one row the text is the plain one, with `?` for each value.

use std::fmt::Display;
use std::sync::OnceLock;

use super::connection::Conn;
use super::index_hints::by_index;
use super::values::{Value, Values};

/// Rows of the largest batch: beyond it the statement grows faster than the commit is shared.
pub const LARGEST: usize = 64;
/// The numbers of rows that there are statements for.
pub const SIZES: [usize; 12] = [1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, LARGEST];

/// The largest of [`SIZES`] that so many rows fill.
pub fn size_for(rows: usize) -> usize {
    SIZES[place_of(rows)]
}

fn place_of(rows: usize) -> usize {
    SIZES.iter().rposition(|size| *size <= rows).unwrap_or_default()
}

/// Parts of a batch that there are statements for, the largest first.
pub fn parts<T>(mut batch: &[T]) -> impl Iterator<Item = &[T]> {
    std::iter::from_fn(move || {
        let (part, rest) = batch.split_at_checked(size_for(batch.len()))?;
        batch = rest;
        Some(part)
    })
}

/// The text of a statement for each of the sizes and either engine, each made when it is first needed.
pub struct Texts {
    write: fn(Rows) -> String,
    mysql: [OnceLock<String>; SIZES.len()],
    sqlite: [OnceLock<String>; SIZES.len()],
}

impl Texts {
    /// Texts that `write` makes.
    pub const fn new(write: fn(Rows) -> String) -> Self {
        Self { write, mysql: [const { OnceLock::new() }; SIZES.len()], sqlite: [const { OnceLock::new() }; SIZES.len()] }
    }

    /// The text for so many rows, which are one of [`SIZES`].
    pub fn of(&'static self, rows: usize, conn: &Conn) -> &'static str {
        self.for_engine(rows, matches!(conn, Conn::MySql(_)))
    }

    /// The same, when it is known for which engine.
    pub fn for_engine(&'static self, rows: usize, is_mysql: bool) -> &'static str {
        let texts = if is_mysql { &self.mysql } else { &self.sqlite };
        let place = place_of(rows);
        texts[place].get_or_init(|| (self.write)(Rows { count: SIZES[place], is_mysql }))
    }
}

/// For how many rows, and for which engine, a text is written.
#[derive(Debug, Clone, Copy)]
pub struct Rows {
    count: usize,
    is_mysql: bool,
}

impl Rows {
    /// A table of which several rows are found by this index: over a small table MySQL's optimizer would rather read, and lock, all of
    /// it, and SQLite's prefers an index on a column that is compared with NULL (`checkout_id IS NULL`), however many rows that are.
    pub fn table(self, table: &str, index: &str) -> String {
        if self.count == 1 { table.to_owned() } else { format!("{table} {}", by_index(index, self.is_mysql)) }
    }

    /// The comparison that finds the rows by a column, to be bound by [`Values::keys`].
    pub fn are(self, column: &str) -> String {
        if self.count == 1 { format!("{column} = ?") } else { format!("{column} IN ({})", self.list("?")) }
    }

    /// The value of each row, to be bound by [`Values::each`].
    pub fn each(self, column: &str) -> String {
        if self.count == 1 { "?".to_owned() } else { format!("CASE {column} {} END", vec!["WHEN ? THEN ?"; self.count].join(" ")) }
    }

    /// Whether it is written for MySQL, where the engines have no words in common.
    pub fn is_mysql(self) -> bool {
        self.is_mysql
    }

    /// As many of these.
    pub fn list(self, row: impl Display) -> String {
        vec![row.to_string(); self.count].join(", ")
    }
}

impl<'v> Values<'v> {
    /// The keys of the rows, as [`Rows::are`] names them.
    pub fn keys<R>(&mut self, rows: &[&'v R], key: impl Fn(&'v R) -> &'v str) {
        rows.iter().for_each(|row| self.add(key(row)));
    }

    /// A value of each row, as [`Rows::each`] names them.
    pub fn each<R, V: Into<Value<'v>>>(&mut self, rows: &[&'v R], key: impl Fn(&'v R) -> &'v str, value: impl Fn(&'v R) -> V) {
        for row in rows {
            if rows.len() > 1 {
                self.add(key(row));
            }
            self.add(value(row));
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::index_hints::PRIMARY_KEY;
    use super::*;

    const MYSQL: bool = true;

    #[test]
    fn one_row_has_the_plain_text() {
        let write = |rows: Rows| format!("UPDATE {} SET x = {} WHERE {}", rows.table("t", "i"), rows.each("k"), rows.are("k"));
        for is_mysql in [true, false] {
            assert_eq!(write(Rows { count: 1, is_mysql }), "UPDATE t SET x = ? WHERE k = ?");
        }
        let two = "SET x = CASE k WHEN ? THEN ? WHEN ? THEN ? END WHERE k IN (?, ?)";
        assert_eq!(write(Rows { count: 2, is_mysql: MYSQL }), format!("UPDATE t FORCE INDEX (i) {two}"));
        assert_eq!(write(Rows { count: 2, is_mysql: !MYSQL }), format!("UPDATE t INDEXED BY i {two}"));
        assert_eq!(Rows { count: 2, is_mysql: !MYSQL }.table("t", PRIMARY_KEY), "t ", "it is no index there");
    }

    proptest! {
        #[test]
        fn parts_are_the_whole_in_its_order_and_each_has_a_size(count in 0_usize..300) {
            let batch: Vec<_> = (0..count).collect();
            let parts: Vec<_> = parts(&batch).collect();
            prop_assert!(parts.iter().all(|part| SIZES.contains(&part.len())));
            prop_assert!(parts.is_sorted_by(|one, other| one.len() >= other.len()), "the largest first");
            prop_assert_eq!(parts.concat(), batch);
        }

        #[test]
        fn a_text_has_as_many_places_as_values_are_bound(place in 0..SIZES.len(), is_mysql: bool) {
            let rows = Rows { count: SIZES[place], is_mysql };
            let text = format!("{} {}", rows.each("k"), rows.are("k"));
            let keys: Vec<_> = (0..rows.count).map(|number| number.to_string()).collect();
            let (mut values, keys) = (Values::default(), keys.iter().collect::<Vec<_>>());
            values.each(&keys, |key| key, |key| key.as_str());
            values.keys(&keys, |key| key);
            prop_assert_eq!(text.matches('?').count(), values.count());
        }
    }
}
