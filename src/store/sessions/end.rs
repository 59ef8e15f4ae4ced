//! The end of sessions: by their users, and by a restart of the instance that has opened them.

use sqlx::Error;

use crate::deal::NewAudit;
use crate::store::audit::audited::Audited;
use crate::store::engine::connection::Conn;
use crate::store::engine::statement::Change;
use crate::store::engine::values::Values;
use crate::store::error::StoreError;
use crate::store::handle::Store;

impl Store {
    /// Ends a session, at its user's wish.
    ///
    /// # Errors
    /// The database is not available.
    pub async fn end_session(&self, token_hash: &str, by: NewAudit) -> Result<bool, StoreError> {
        let change = EndSession(token_hash.to_owned());
        Ok(self.engine().change(Audited { change, entry: Some(by) }).await? == 1)
    }

    /// Ends all sessions that were opened at a place; how many.
    ///
    /// # Errors
    /// The database is not available.
    pub async fn end_sessions_at(&self, place: &str) -> Result<u64, StoreError> {
        Ok(self.engine().change(EndSessionsAt(place.to_owned())).await?)
    }
}

struct EndSession(String);

impl Change for EndSession {
    const NAME: &'static str = "end session";

    async fn apply(rows: &[&Self], conn: &mut Conn) -> Result<u64, Error> {
        const DELETE: &str = "DELETE FROM console_session WHERE token_hash = ?";
        conn.change_each(DELETE, rows, |Self(token_hash)| Values::of([token_hash.as_str().into()])).await
    }
}

struct EndSessionsAt(String);

impl Change for EndSessionsAt {
    const NAME: &'static str = "end sessions";

    async fn apply(rows: &[&Self], conn: &mut Conn) -> Result<u64, Error> {
        const DELETE: &str = "DELETE FROM console_session WHERE place = ?";
        conn.change_each(DELETE, rows, |Self(place)| Values::of([place.as_str().into()])).await
    }
}
