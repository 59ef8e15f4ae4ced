//! Questions for rows of a list of numbers: a text for each of a few lengths, which stays prepared. A shorter list is filled up with its last
//! number, for what is asked for twice is found once. (JSON_TABLE, with which one text would do, is not known to every server that speaks
//! MySQL's language.)

use std::iter::repeat_n;
use std::sync::OnceLock;

use sqlx::mysql::MySqlRow;
use sqlx::sqlite::SqliteRow;
use sqlx::{Error, FromRow};

use super::engine::connection::Conn;
use super::engine::values::Values;

/// The lengths that there are texts for. A longer list is asked for in parts.
const LENGTHS: [usize; 4] = [1, 8, 64, LONGEST];
const LONGEST: usize = 512;

/// The texts of one question.
pub struct ListTexts {
    write: fn(&str, bool) -> String,
    mysql: [OnceLock<String>; LENGTHS.len()],
    sqlite: [OnceLock<String>; LENGTHS.len()],
}

impl ListTexts {
    /// Texts that `write` makes of a list of `?`, and of whether the engine is MySQL.
    pub const fn new(write: fn(&str, bool) -> String) -> Self {
        Self { write, mysql: [const { OnceLock::new() }; LENGTHS.len()], sqlite: [const { OnceLock::new() }; LENGTHS.len()] }
    }

    /// The rows that are found for these numbers.
    pub async fn rows<T>(&'static self, numbers: &[String], conn: &mut Conn) -> Result<Vec<T>, Error>
    where
        T: for<'r> FromRow<'r, MySqlRow> + for<'r> FromRow<'r, SqliteRow> + Send + Unpin,
    {
        let mut found = Vec::new();
        for part in numbers.chunks(LONGEST) {
            let (text, length) = self.of(part.len(), matches!(conn, Conn::MySql(_)));
            let mut values = Values::default();
            let filling = part.last().into_iter().flat_map(|last| repeat_n(last, length - part.len()));
            part.iter().chain(filling).for_each(|number| values.add(number.as_str()));
            found.extend(conn.rows(text, values).await?);
        }
        Ok(found)
    }

    /// The shortest text for so many numbers, and for how many it is.
    fn of(&'static self, numbers: usize, is_mysql: bool) -> (&'static str, usize) {
        let place = LENGTHS.iter().position(|length| numbers <= *length).unwrap_or(LENGTHS.len() - 1);
        let texts = if is_mysql { &self.mysql } else { &self.sqlite };
        (texts[place].get_or_init(|| (self.write)(&vec!["?"; LENGTHS[place]].join(", "), is_mysql)), LENGTHS[place])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_asked_for_by_the_shortest_text_that_holds_it() {
        static TEXTS: ListTexts = ListTexts::new(|list, is_mysql| format!("{is_mysql} ({list})"));
        for (numbers, length) in [(1, 1), (2, 8), (8, 8), (9, 64), (65, LONGEST), (LONGEST, LONGEST)] {
            let (text, places) = TEXTS.of(numbers, true);
            assert_eq!((text.matches('?').count(), places), (length, length), "{numbers}");
        }
        assert_eq!(TEXTS.of(1, false).0, "false (?)");
    }
}
