//! An operator's explanation of a difference: from then on it is none that matters, whatever the bill is held against.

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
    /// Stores why a difference is none that matters; `false`: there is no such difference that is open.
    ///
    /// # Errors
    /// The database is not available.
    pub async fn explain_difference(&self, id: i64, by: &str, note: &Note, at: Timestamp) -> Result<bool, StoreError> {
        let change = ExplainDifference { id, by: cut(by, NAME).to_owned(), note: note.clone(), at };
        Ok(self.engine().change(change).await? == 1)
    }

    /// The same, by a user of the console.
    ///
    /// # Errors
    /// The database is not available.
    pub async fn explain_difference_by(&self, id: i64, note: &Note, by: NewAudit) -> Result<bool, StoreError> {
        let change = ExplainDifference { id, by: cut(&by.user, NAME).to_owned(), note: note.clone(), at: by.at };
        Ok(self.engine().change(Audited { change, entry: Some(by) }).await? == 1)
    }
}

struct ExplainDifference {
    id: i64,
    by: String,
    note: Note,
    at: Timestamp,
}

impl Change for ExplainDifference {
    const NAME: &'static str = "explain difference";

    async fn apply(rows: &[&Self], conn: &mut Conn) -> Result<u64, Error> {
        const UPDATE: &str = "UPDATE bill_difference SET state = 'EXPLAINED', finding = 'noted', explained_by = ?, note = ?, at = ? \
                              WHERE id = ? AND state = 'OPEN'";
        conn.change_each(UPDATE, rows, |row| {
            Values::of([row.by.as_str().into(), row.note.as_str().into(), column(row.at).into(), row.id.into()])
        })
        .await
    }
}
