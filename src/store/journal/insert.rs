//! The SQL that stores events.

use sqlx::Error;

use crate::store::columns::{column, short, text};
use crate::store::engine::connection::Conn;
use crate::store::engine::sizes::Texts;
use crate::store::engine::values::Values;

use super::event::Event;

/// Stores these events of these instances, which are as many as one of the engine's sizes.
pub async fn insert(events: &[(&Event, &str)], conn: &mut Conn) -> Result<u64, Error> {
    static INSERT: Texts = Texts::new(|rows| {
        let values = rows.list("(?, ?, ?, ?, ?, ?, ?)");
        format!("INSERT INTO deal_event (order_id, kind, source, detail, evidence, instance, at) VALUES {values}")
    });
    let mut values = Values::default();
    for (event, instance) in events {
        values.extend([
            event.order_id.as_str().into(),
            event.kind.as_str().into(),
            event.origin.as_str().into(),
            event.detail.as_deref().map(short).into(),
            event.evidence.as_ref().map(text).into(),
            (*instance).into(),
            column(event.at).into(),
        ]);
    }
    conn.change(INSERT.of(events.len(), conn), values).await
}
