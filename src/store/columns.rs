//! Encoding of values: what the columns can hold of what is bound to them, and what is read out of them.

use std::borrow::Cow;

use chrono::NaiveDateTime;
use sqlx::Error;
use sqlx::mysql::MySqlDatabaseError;

use crate::channel::Evidence;
use crate::deal::{BeijingTime, Timestamp};

use super::engine::connection::Conn;
use super::engine::values::Values;

/// The characters that a column for WeChat's messages knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Charset {
    /// Those of MySQL's utf8: up to U+FFFF, which are all that WeChat v2 knows too.
    Utf8,
    /// An adopted table may be latin1, the default of old servers.
    Ascii,
}

/// What a TEXT holds.
const TEXT_BYTES: usize = 65_535;

/// Changes rows of an adopted table, with messages in the characters that its columns know. Of a batch each row is to keep
/// the characters that it can: the error has it taken apart.
pub async fn change_with_messages<'v>(
    conn: &mut Conn,
    rows: usize,
    sql: &'static str,
    values: impl Fn(Charset) -> Values<'v> + Send,
) -> Result<u64, Error> {
    match conn.change(sql, values(Charset::Utf8)).await {
        // A column of an adopted table does not know Chinese. The statement alone has been rolled back.
        Err(error) if rows == 1 && is_unknown_character(&error) => conn.change(sql, values(Charset::Ascii)).await,
        outcome => outcome,
    }
}

/// "Incorrect string value", "illegal mix of collations", and "cannot convert" in MariaDB's and MySQL's words.
fn is_unknown_character(error: &Error) -> bool {
    let database = error.as_database_error().and_then(|error| error.try_downcast_ref::<MySqlDatabaseError>());
    database.is_some_and(|error| matches!(error.number(), 1366 | 1267 | 1977 | 3854))
}

/// Whether a column of any table holds a message byte for byte.
pub fn is_kept_whole(evidence: &Evidence) -> bool {
    let xml = evidence.xml();
    xml.is_ascii() && xml.len() <= TEXT_BYTES
}

/// The text of a message as a column of our own can hold it.
pub fn text(evidence: &Evidence) -> Cow<'_, str> {
    text_in(evidence, Charset::Utf8)
}

/// The text of a message as a column can hold it: a message may have one byte more than a TEXT, and characters that an
/// adopted table does not know. Neither may ever stand between a payment and its row; of the latter
/// the journal has the whole.
pub fn text_in(evidence: &Evidence, charset: Charset) -> Cow<'_, str> {
    // The first byte of a character beyond U+FFFF.
    const BEYOND: u8 = 0xf0;
    let xml = evidence.xml();
    let is_known = match charset {
        // A fold does not stop early, so the processor looks at many bytes at a time.
        Charset::Utf8 => xml.bytes().fold(true, |all, byte| all & (byte < BEYOND)),
        Charset::Ascii => xml.is_ascii(),
    };
    if is_known && xml.len() <= TEXT_BYTES {
        return Cow::Borrowed(xml);
    }
    let known = |c: char| match charset {
        Charset::Utf8 if c > '\u{ffff}' => char::REPLACEMENT_CHARACTER,
        Charset::Ascii if !c.is_ascii() => '?',
        _ => c,
    };
    let mut text: String = xml.chars().map(known).collect();
    text.truncate(text.floor_char_boundary(TEXT_BYTES));
    Cow::Owned(text)
}

/// So many characters of a text at most.
pub fn cut(text: &str, characters: usize) -> &str {
    text.char_indices().nth(characters).map_or(text, |(end, _)| &text[..end])
}

/// At most 255 characters: what the columns for words hold.
pub fn short(words: &str) -> &str {
    cut(words, 255)
}

/// Whole seconds, as [`BeijingTime`] has them: a DATETIME holds no more, and a text with more would be none that can be read again.
pub fn column(time: Timestamp) -> NaiveDateTime {
    BeijingTime::from(time).naive()
}

/// What a column for a time says; `None` also for what is no time, like `0000-00-00`.
pub fn time(column: Option<String>) -> Option<Timestamp> {
    let naive = NaiveDateTime::parse_from_str(&column?, "%Y-%m-%d %H:%M:%S").ok()?;
    Some(BeijingTime::from(naive).timestamp())
}
