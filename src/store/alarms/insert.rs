//! An alarm's row, written with the publication of what the journal has announced.

use std::collections::HashSet;

use sqlx::Error;

use crate::deal::{AccountId, AlarmKind, OrderId, Timestamp};
use crate::store::columns::column;
use crate::store::engine::connection::Conn;
use crate::store::engine::sizes::{Texts, parts};
use crate::store::engine::values::Values;

/// An alarm about to be kept.
pub struct KeptAlarm<'a> {
    /// The entry of the journal that has announced it.
    pub entry: i64,
    /// What it is about.
    pub kind: AlarmKind,
    /// About which order.
    pub order_id: Option<&'a OrderId>,
    /// Through which account that goes.
    pub account: &'a AccountId,
    /// What the entry says more.
    pub detail: Option<&'a str>,
    /// When it happened.
    pub at: Timestamp,
}

/// Keeps these alarms, but for those that are: an entry that an operator has told of once more raises none again.
pub async fn insert(alarms: &[KeptAlarm<'_>], conn: &mut Conn) -> Result<(), Error> {
    let mut known = HashSet::new();
    for part in parts(alarms) {
        known.extend(known_of(part, conn).await?);
    }
    let new: Vec<_> = alarms.iter().filter(|alarm| !known.contains(&(alarm.entry, alarm.kind.as_str().to_owned()))).collect();
    for part in parts(&new) {
        insert_new(part, conn).await?;
    }
    Ok(())
}

/// What is kept of these entries, by the index that has all of it.
pub static KNOWN: Texts =
    Texts::new(|rows| format!("SELECT entry, kind FROM {} WHERE {}", rows.table("alarm", "alarm_entry"), rows.are("entry")));

async fn known_of(alarms: &[KeptAlarm<'_>], conn: &mut Conn) -> Result<Vec<(i64, String)>, Error> {
    let mut values = Values::default();
    alarms.iter().for_each(|alarm| values.add(alarm.entry));
    conn.rows(KNOWN.of(alarms.len(), conn), values).await
}

async fn insert_new(alarms: &[&KeptAlarm<'_>], conn: &mut Conn) -> Result<u64, Error> {
    static INSERT: Texts = Texts::new(|rows| {
        let values = rows.list("(?, ?, ?, ?, ?, ?, 1)");
        format!("INSERT INTO alarm (entry, kind, order_id, account, detail, at, open) VALUES {values}")
    });
    let mut values = Values::default();
    for KeptAlarm { entry, kind, order_id, account, detail, at } in alarms {
        values.extend([
            (*entry).into(),
            kind.as_str().into(),
            order_id.map(OrderId::as_str).into(),
            account.column().into(),
            (*detail).into(),
            column(*at).into(),
        ]);
    }
    conn.change(INSERT.of(alarms.len(), conn), values).await
}
