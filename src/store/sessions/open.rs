//! A login: the session, and the end of the one that the browser had, in one transaction with its row of the trail.

use sqlx::Error;

use crate::deal::{ConsoleSession, NewAudit};
use crate::store::audit::audited::Audited;
use crate::store::columns::column;
use crate::store::engine::connection::Conn;
use crate::store::engine::statement::Change;
use crate::store::engine::values::Values;
use crate::store::error::StoreError;
use crate::store::handle::Store;

impl Store {
    /// Stores a session, and ends the one that it replaces, and all whose time is over.
    ///
    /// # Errors
    /// The database is not available.
    pub async fn open_session(&self, session: ConsoleSession, replaces: Option<String>, by: NewAudit) -> Result<(), StoreError> {
        self.engine().change(Audited { change: OpenSession { session, replaces }, entry: Some(by) }).await?;
        Ok(())
    }
}

struct OpenSession {
    session: ConsoleSession,
    replaces: Option<String>,
}

impl OpenSession {
    async fn apply_one(&self, conn: &mut Conn) -> Result<u64, Error> {
        const OVER: &str = "DELETE FROM console_session WHERE expires_at < ?";
        const REPLACED: &str = "DELETE FROM console_session WHERE token_hash = ?";
        const INSERT: &str =
            "INSERT INTO console_session (token_hash, user, password_hash, place, created_at, expires_at) VALUES (?, ?, ?, ?, ?, ?)";
        let ConsoleSession { token_hash, user, password_hash, place, created_at, expires_at } = &self.session;
        conn.change(OVER, Values::of([column(*created_at).into()])).await?;
        if let Some(replaced) = &self.replaces {
            conn.change(REPLACED, Values::of([replaced.as_str().into()])).await?;
        }
        let values = [token_hash.as_str().into(), user.as_str().into(), password_hash.as_str().into(), place.as_str().into()];
        let mut values = Values::of(values);
        values.extend([column(*created_at).into(), column(*expires_at).into()]);
        conn.change(INSERT, values).await
    }
}

impl Change for OpenSession {
    const NAME: &'static str = "open session";

    async fn apply(rows: &[&Self], conn: &mut Conn) -> Result<u64, Error> {
        let mut opened = 0;
        for row in rows {
            opened += row.apply_one(conn).await?;
        }
        Ok(opened)
    }

    /// The token was drawn for this login, so nobody else has stored it.
    async fn is_stored(&self, conn: &mut Conn) -> Result<bool, Error> {
        Ok(!super::find::found(&self.session.token_hash, conn).await?.is_empty())
    }
}
