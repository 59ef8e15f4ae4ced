//! An alarm's row, written with the publication of what the journal has announced.

use sqlx::Error;

use crate::deal::{AccountId, AlarmKind};
use crate::store::engine::connection::Conn;
use crate::store::engine::values::Values;

/// Keeps the alarm that an entry of the journal has announced, as the entry tells of it. An entry that is told of once more (an operator
/// has had it so) raises none again.
pub async fn insert(entry: i64, kind: AlarmKind, account: &AccountId, conn: &mut Conn) -> Result<u64, Error> {
    let kind = kind.as_str();
    conn.change(INSERT, Values::of([kind.into(), account.column().into(), entry.into(), kind.into()])).await
}

/// By the keys of both tables.
pub const INSERT: &str = "\
    INSERT INTO alarm (entry, kind, order_id, account, detail, at, open) \
    SELECT event.id, ?, event.order_id, ?, event.detail, event.at, 1 FROM deal_event event WHERE event.id = ? AND NOT EXISTS \
    (SELECT 1 FROM alarm known WHERE known.entry = event.id AND known.kind = ?)";
