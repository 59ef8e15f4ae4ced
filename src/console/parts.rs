//! What several pages are made of: times, amounts and states as markup.

use crate::deal::{BeijingTime, Fen, Timestamp};

/// A text as it may stand in markup.
pub fn escaped(text: &str) -> String {
    quick_xml::escape::escape(text).into_owned()
}

/// A time in Beijing, for people and for programs.
pub fn time(at: Timestamp) -> String {
    let at = BeijingTime::from(at);
    format!("<time class=\"number\" datetime=\"{at}\">{}</time>", at.naive())
}

/// An amount; nothing is a dash.
pub fn fee(fee: Option<Fen>) -> String {
    fee.map_or_else(|| "–".to_owned(), |fee| format!("¥{}", fee.grouped()))
}

/// A state: a word, and a class for its look.
pub fn state(class: &str, word: &str) -> String {
    format!("<span class=\"state {class}\">{word}</span>")
}
