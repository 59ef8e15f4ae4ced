//! Rows of the outbox.

use crate::deal::{AccountId, EventId, Timestamp};
use crate::store::columns::time;

/// An event of the outbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutboxEvent {
    /// Where it stands: the cursor of a reader that has read it.
    pub position: i64,
    /// Its number for everybody.
    pub event_id: EventId,
    /// Its type's word; a later version may have written one that this one does not know.
    pub event_type: String,
    /// Whose the order is that it is about, where it is known here.
    pub merchant_id: Option<i64>,
    /// Through which account that goes.
    pub account: AccountId,
    /// What is told, JSON.
    pub data: String,
    /// When it happened.
    pub at: Timestamp,
}

/// The columns of an [`OutboxRow`], of a table by this name.
pub fn columns(table: &str) -> String {
    format!(
        "{table}.position AS position, {table}.event_id AS event_id, {table}.type AS type, {table}.merchant_id AS merchant_id, \
         {table}.account AS account, {table}.data AS data, CAST({table}.at AS CHAR(19)) AS at"
    )
}

#[derive(sqlx::FromRow)]
pub struct OutboxRow {
    position: i64,
    event_id: String,
    r#type: String,
    merchant_id: Option<i64>,
    account: Option<String>,
    data: String,
    at: String,
}

impl OutboxRow {
    /// `None`: no version of this program has written it.
    pub fn into_event(self) -> Option<OutboxEvent> {
        Some(OutboxEvent {
            position: self.position,
            event_id: self.event_id.parse().ok()?,
            event_type: self.r#type,
            merchant_id: self.merchant_id,
            account: AccountId::from_column(self.account),
            data: self.data,
            at: time(Some(self.at)).unwrap_or(Timestamp::UNIX_EPOCH),
        })
    }
}
