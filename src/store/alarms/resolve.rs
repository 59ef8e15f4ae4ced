//! The end of an alarm by itself.

use sqlx::Error;

use crate::deal::{Resolution, Timestamp};
use crate::store::columns::column;
use crate::store::engine::connection::Conn;
use crate::store::engine::statement::Change;
use crate::store::engine::values::Values;
use crate::store::error::StoreError;
use crate::store::handle::Store;

impl Store {
    /// Stores what has resolved an alarm; `false`: somebody has answered it, or another instance has stored the same.
    ///
    /// # Errors
    /// The database is not available.
    pub async fn resolve_alarm(&self, id: i64, by: Resolution, at: Timestamp) -> Result<bool, StoreError> {
        Ok(self.engine().change(ResolveAlarm { id, by, at }).await? == 1)
    }
}

struct ResolveAlarm {
    id: i64,
    by: Resolution,
    at: Timestamp,
}

impl Change for ResolveAlarm {
    const NAME: &'static str = "resolve alarm";
    const YIELDS: bool = true;

    async fn apply(rows: &[&Self], conn: &mut Conn) -> Result<u64, Error> {
        const UPDATE: &str = "UPDATE alarm SET resolved_at = ?, resolved_by = ?, open = NULL WHERE id = ? AND open = 1";
        conn.change_each(UPDATE, rows, |row| Values::of([column(row.at).into(), row.by.as_str().into(), row.id.into()])).await
    }
}
