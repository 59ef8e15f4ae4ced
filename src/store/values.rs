//! What the columns can hold of what is bound to them.

use std::borrow::Cow;

use chrono::NaiveDateTime;
use sqlx::Error;
use sqlx::mysql::MySqlDatabaseError;

use crate::channel::Evidence;
use crate::deal::{BeijingTime, Timestamp};

/// Which letters the `…Back` columns know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Letters {
    /// Those of utf8: up to U+FFFF, which are all that WeChat v2 knows too.
    All,
    /// An adopted table may be latin1, the default of old servers.
    Ascii,
}

/// "Incorrect string value", "illegal mix of collations", and "cannot convert" in MariaDB's and MySQL's words.
pub fn is_unknown_letter(error: &Error) -> bool {
    let database = error.as_database_error().and_then(|error| error.try_downcast_ref::<MySqlDatabaseError>());
    database.is_some_and(|error| matches!(error.number(), 1366 | 1267 | 1977 | 3854))
}

/// The text of a message as the columns can hold it: a message may have one byte more than a TEXT, and letters that an
/// adopted table does not know. Neither may ever stand between a payment and its row; the journal has the whole.
pub fn text(evidence: &Evidence, letters: Letters) -> Cow<'_, str> {
    const TEXT_BYTES: usize = 65_535;
    // The first byte of a letter beyond U+FFFF.
    const BEYOND: u8 = 0xf0;
    let xml = evidence.xml();
    let known = match letters {
        Letters::All => xml.bytes().all(|byte| byte < BEYOND),
        Letters::Ascii => xml.is_ascii(),
    };
    if known && xml.len() <= TEXT_BYTES {
        return Cow::Borrowed(xml);
    }
    let known = |c: char| match letters {
        Letters::All if c > '\u{ffff}' => char::REPLACEMENT_CHARACTER,
        Letters::Ascii if !c.is_ascii() => '?',
        _ => c,
    };
    let mut text: String = xml.chars().map(known).collect();
    text.truncate(text.floor_char_boundary(TEXT_BYTES));
    Cow::Owned(text)
}

/// At most 255 characters: what the columns for words hold.
pub fn short(words: &str) -> &str {
    words.char_indices().nth(255).map_or(words, |(end, _)| &words[..end])
}

/// Whole seconds, as [`BeijingTime`] has them: a DATETIME holds no more, and a text with more would be none that can be read again.
pub fn column(time: Timestamp) -> NaiveDateTime {
    BeijingTime::from(time).naive()
}

/// The columns of an event, as [`bind_event`] binds them.
pub const EVENT_COLUMNS: &str = "order_id, kind, source, detail, evidence, instance, at";

/// Binds an event's values behind what is bound already.
macro_rules! bind_event {
    ($query:expr, $event:expr, $instance:expr) => {
        $query
            .bind($event.order_id.as_str())
            .bind($event.kind.as_str())
            .bind($event.origin.as_str())
            .bind($event.detail.as_deref().map($crate::store::values::short))
            .bind($event.evidence.as_ref().map(|evidence| $crate::store::values::text(evidence, $crate::store::values::Letters::All)))
            .bind($instance)
            .bind($crate::store::values::column($event.at))
    };
}
pub(super) use bind_event;
