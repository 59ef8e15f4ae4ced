//! A person's answer to an alarm.

use sqlx::Error;

use crate::deal::{NewAudit, Note, Timestamp};
use crate::store::audit::audited::Audited;
use crate::store::columns::{column, cut};
use crate::store::engine::connection::Conn;
use crate::store::engine::statement::Change;
use crate::store::engine::values::Values;
use crate::store::error::StoreError;
use crate::store::handle::Store;

/// Characters that the column holds.
const NAME: usize = 64;

impl Store {
    /// Stores what a user has said to an alarm; `false`: it is not open any more.
    ///
    /// # Errors
    /// The database is not available.
    pub async fn answer_alarm(&self, id: i64, note: &Note, by: NewAudit) -> Result<bool, StoreError> {
        let change = AnswerAlarm { id, by: cut(&by.user, NAME).to_owned(), note: note.clone(), at: by.at };
        Ok(self.engine().change(Audited { change, entry: Some(by) }).await? == 1)
    }
}

struct AnswerAlarm {
    id: i64,
    by: String,
    note: Note,
    at: Timestamp,
}

impl Change for AnswerAlarm {
    const NAME: &'static str = "answer alarm";

    async fn apply(rows: &[&Self], conn: &mut Conn) -> Result<u64, Error> {
        const UPDATE: &str = "UPDATE alarm SET answered_at = ?, answered_by = ?, note = ?, open = NULL WHERE id = ? AND open = 1";
        conn.change_each(UPDATE, rows, |row| {
            Values::of([column(row.at).into(), row.by.as_str().into(), row.note.as_str().into(), row.id.into()])
        })
        .await
    }
}
