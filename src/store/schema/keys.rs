//! Unique keys of several columns of which some may be NULL: no two rows have one in common, unless a part of it is NULL.
//!
//! In a file each is a unique index over its columns. On a server these have an index too, by which rows are found, and what is unique is
//! one column that the server joins them in (the migration 0015 says why). Since the server does it, the original's rows and those of a
//! version before keep to it as well. A column of that name that is anything else would keep nothing apart, so it is refused before the
//! former index ceases to be unique.

use sqlx::Error;

use super::check::WrongSchema;
use super::expected::{KEYS, Key};
use crate::store::engine::connection::{Conn, MySql};
use crate::store::error::{StoreError, not_told};

/// Looks at what there is of these on a server: columns, and indexes of their names.
pub async fn check(conn: &mut Conn) -> Result<(), StoreError> {
    let Conn::MySql(c) = &mut *conn else { return Ok(()) };
    for key in &KEYS {
        if let Some(wrong) = wrong(key, c).await.map_err(|error| not_told(&error))? {
            return Err(wrong.about(conn));
        }
    }
    Ok(())
}

async fn wrong(key: &Key, conn: &mut MySql) -> Result<Option<WrongSchema>, Error> {
    let column = "SELECT CAST(CONCAT(column_type, ' ', COALESCE(collation_name, ''), ' ', COALESCE(generation_expression, '')) AS CHAR(1000)) \
                  FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = ? AND column_name = ?";
    let column: Option<String> =
        sqlx::query_scalar(column).bind(conn.table(key.table)).bind(key.joined.1).fetch_optional(&mut *conn).await?;
    if column.is_some_and(|column| plain(&column) != plain(&key.told())) {
        return Ok(Some(WrongSchema::joined(key)));
    }
    for ((name, columns), may_repeat) in [(key.index, true), (key.joined, false)] {
        let index = "SELECT CAST(COALESCE(GROUP_CONCAT(COALESCE(column_name, '?'), IF(sub_part IS NULL, '', ' in part') \
                     ORDER BY seq_in_index SEPARATOR ', '), '') AS CHAR(1000)), CAST(COALESCE(MAX(non_unique), 0) AS SIGNED) \
                     FROM information_schema.statistics WHERE table_schema = DATABASE() AND table_name = ? AND index_name = ?";
        let (over, repeats): (String, i64) = sqlx::query_as(index).bind(conn.table(key.table)).bind(name).fetch_one(&mut *conn).await?;
        let is_other = !over.eq_ignore_ascii_case(columns) || (repeats == 1 && !may_repeat);
        if !over.is_empty() && is_other {
            return Ok(Some(WrongSchema::TakenIndex { table: key.table, name, columns }));
        }
    }
    Ok(None)
}

/// A definition without what the engines write differently.
fn plain(definition: &str) -> String {
    definition.to_ascii_lowercase().replace("_ascii", "").chars().filter(|c| !matches!(c, '`' | '\\' | ' ')).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIGRATION: &str = include_str!("../../../migrations/mysql/0015_one_column_keys.sql");

    #[test]
    fn the_migration_makes_what_is_held_against_it() {
        for Key { table, index: (index, columns), joined: (unique, column), characters, definition } in &KEYS {
            let in_ascii = definition.replacen(')', ") CHARACTER SET ascii COLLATE ascii_bin", 1);
            for statement in [
                format!("ALTER TABLE {table} ADD COLUMN {column} {in_ascii};"),
                format!("CREATE UNIQUE INDEX {unique} ON {table} ({column});"),
                format!("DROP INDEX {index}, ADD INDEX {index} ({columns})"),
            ] {
                assert!(MIGRATION.contains(&statement), "{statement}");
            }
            assert!(definition.starts_with(&format!("varchar({characters}) ")), "{definition}");
            let at = |words: &str| MIGRATION.find(words).unwrap_or_default();
            assert!(at(&format!("UNIQUE INDEX {unique} ")) < at(&format!("DROP INDEX {index},")), "never without one that is unique");
        }
    }

    #[test]
    fn either_server_s_words_for_a_column_are_read() {
        let ours = plain(&KEYS[0].told());
        let mariadb = "varchar(85) ascii_bin concat(`merchant_id`,_ascii':',`idempotency_key`)";
        let mysql = r"varchar(85) ascii_bin concat(`merchant_id`,_ascii\':\',`idempotency_key`)";
        assert_eq!([plain(mariadb), plain(mysql)], [ours.clone(), ours.clone()]);
        for other in ["varchar(85) ascii_bin ", "varchar(85) ascii_bin concat(`merchant_id`,_ascii':',`signed_nonce`)"] {
            assert_ne!(plain(other), ours);
        }
    }
}
