//! The journal of a deal, a line an event, for callers that show it in their own way.

use crate::deal::Timestamp;
use crate::language::{Language, text};
use crate::store::{EventKind, Origin, StoredEvent};

use super::words;

/// One event of a journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The number of its row.
    pub id: i64,
    /// When.
    pub at: Timestamp,
    /// What, as a word for programs; `None`: a later version wrote it.
    pub kind: Option<&'static str>,
    /// What, as a sentence for people.
    pub sentence: String,
    /// Through whom, as a word for programs; `None`: a later version wrote it.
    pub source: Option<&'static str>,
    /// The same for people.
    pub by: String,
}

/// The events of a journal, in their order.
pub fn lines(events: &[StoredEvent], language: Language) -> Vec<Line> {
    events.iter().map(|event| line(event, language)).collect()
}

fn line(event: &StoredEvent, language: Language) -> Line {
    let what = words::event(event.kind);
    let sentence = match &event.detail {
        Some(detail) => {
            text(format!("{} ({detail}).", what.read(Language::English)), format!("{}（{detail}）。", what.read(Language::Chinese)))
        }
        None => text(format!("{}.", what.read(Language::English)), format!("{}。", what.read(Language::Chinese))),
    };
    Line {
        id: event.id,
        at: event.at,
        kind: event.kind.map(EventKind::as_str),
        sentence: sentence.read(language).to_owned(),
        source: event.origin.map(Origin::as_str),
        by: words::origin(event.origin).read(language).to_owned(),
    }
}
