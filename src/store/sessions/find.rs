//! Whose session a cookie is.

use sqlx::Error;

use crate::deal::{ConsoleSession, Timestamp};
use crate::store::columns::time;
use crate::store::engine::connection::Conn;
use crate::store::engine::statement::Query;
use crate::store::engine::values::Values;
use crate::store::error::StoreError;
use crate::store::handle::Store;

impl Store {
    /// The session with this hash of its token, whether or not its time is over.
    ///
    /// # Errors
    /// The database is not available.
    pub async fn find_session(&self, token_hash: &str) -> Result<Option<ConsoleSession>, StoreError> {
        Ok(self.engine().report(FindSession(token_hash.to_owned())).await?.pop())
    }
}

struct FindSession(String);

impl Query for FindSession {
    type Answer = Vec<ConsoleSession>;
    const NAME: &'static str = "find session";

    async fn run(&self, conn: &mut Conn) -> Result<Vec<ConsoleSession>, Error> {
        found(&self.0, conn).await
    }
}

/// At most one, by the primary key.
pub async fn found(token_hash: &str, conn: &mut Conn) -> Result<Vec<ConsoleSession>, Error> {
    const SELECT: &str = "SELECT token_hash, user, password_hash, place, CAST(created_at AS CHAR(19)) AS created_at, \
                          CAST(expires_at AS CHAR(19)) AS expires_at FROM console_session WHERE token_hash = ?";
    let rows: Vec<SessionRow> = conn.rows(SELECT, Values::of([token_hash.into()])).await?;
    Ok(rows.into_iter().map(ConsoleSession::from).collect())
}

#[derive(sqlx::FromRow)]
struct SessionRow {
    token_hash: String,
    user: String,
    password_hash: String,
    place: String,
    created_at: String,
    expires_at: String,
}

impl From<SessionRow> for ConsoleSession {
    /// A time that is none is long ago, so such a session is over.
    fn from(row: SessionRow) -> Self {
        let [created_at, expires_at] = [row.created_at, row.expires_at].map(|at| time(Some(at)).unwrap_or(Timestamp::UNIX_EPOCH));
        let SessionRow { token_hash, user, password_hash, place, .. } = row;
        Self { token_hash, user, password_hash, place, created_at, expires_at }
    }
}
