//! Who is logged in to the console, at whichever instance.

use crate::deal::{ConsoleSession, NewAudit};
use crate::gateway::{Gateway, GatewayError};

impl Gateway {
    /// Stores a session, and ends the one that the same browser had.
    ///
    /// # Errors
    /// When the store cannot keep it.
    pub async fn open_session(&self, session: ConsoleSession, replaces: Option<String>, by: NewAudit) -> Result<(), GatewayError> {
        Ok(self.store.open_session(session, replaces, by).await?)
    }

    /// The session with this hash of its token, unless its time is over.
    ///
    /// # Errors
    /// When the store cannot tell.
    pub async fn session(&self, token_hash: &str) -> Result<Option<ConsoleSession>, GatewayError> {
        let session = self.store.find_session(token_hash).await?;
        Ok(session.filter(|session| self.clock.now() < session.expires_at))
    }

    /// Ends a session, at its user's wish.
    ///
    /// # Errors
    /// When the store cannot do it.
    pub async fn end_session(&self, token_hash: &str, by: NewAudit) -> Result<bool, GatewayError> {
        Ok(self.store.end_session(token_hash, by).await?)
    }

    /// Ends the sessions that an instance at this place has opened, at its start and its end. That they cannot be ended stops neither.
    pub async fn end_sessions_at(&self, place: &str) {
        if let Err(error) = self.store.end_sessions_at(place).await {
            tracing::warn!(%error, "sessions of the console could not be ended; they end with their time");
        }
    }

    /// Counts a password, or a code, that was wrong.
    pub fn console_login_failed(&self) {
        self.metrics.console_login_failed();
    }

    /// Uses a code of this step of time; `false`: the user has used it, or a later one, at this or another instance.
    ///
    /// # Errors
    /// When the store cannot tell.
    pub async fn use_totp_step(&self, user: &str, step: i64) -> Result<bool, GatewayError> {
        Ok(self.store.use_totp_step(user, step).await?)
    }
}
