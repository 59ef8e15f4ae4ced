//! The SQL that stores entries.

use sqlx::Error;

use crate::deal::Announcement;
use crate::store::columns::{column, short, text};
use crate::store::engine::connection::Conn;
use crate::store::engine::sizes::Texts;
use crate::store::engine::values::{Value, Values};

use super::entry::Entry;

/// Stores these entries, which are as many as one of the engine's sizes.
pub async fn insert(entries: &[&Entry], conn: &mut Conn) -> Result<u64, Error> {
    static INSERT: Texts = Texts::new(|rows| {
        let values = rows.list("(?, ?, ?, ?, ?, ?, ?, ?, ?)");
        format!("INSERT INTO deal_event (order_id, kind, source, detail, evidence, instance, at, untold, announces) VALUES {values}")
    });
    let mut values = Values::default();
    for Entry { event, instance } in entries {
        let announces = written(&event.announces);
        values.extend([
            event.order_id.as_str().into(),
            event.kind.as_str().into(),
            event.origin.as_str().into(),
            event.detail.as_deref().map(short).into(),
            event.evidence.as_ref().map(text).into(),
            (**instance).into(),
            column(event.at).into(),
            announces.is_some().then_some(1_i64).into(),
            Value::Text(announces.map(Into::into)),
        ]);
    }
    conn.change(INSERT.of(entries.len(), conn), values).await
}

fn written(announces: &[Announcement]) -> Option<String> {
    let words: Vec<_> = announces.iter().map(ToString::to_string).collect();
    (!words.is_empty()).then(|| words.join(","))
}
