//! What a user does that begins with a call of WeChat: its row of the trail is written before.

use sqlx::Error;

use crate::deal::NewAudit;
use crate::store::engine::connection::Conn;
use crate::store::engine::statement::Change;
use crate::store::error::StoreError;
use crate::store::handle::Store;

use super::insert::insert;

impl Store {
    /// Writes a row of the trail.
    ///
    /// # Errors
    /// The database is not available: then nothing must be done.
    pub async fn record_audit(&self, entry: NewAudit) -> Result<(), StoreError> {
        self.engine().change(RecordAudit(entry)).await?;
        Ok(())
    }
}

struct RecordAudit(NewAudit);

impl Change for RecordAudit {
    const NAME: &'static str = "record audit";

    async fn apply(rows: &[&Self], conn: &mut Conn) -> Result<u64, Error> {
        let mut written = 0;
        for Self(entry) in rows {
            written += insert(entry, conn).await?;
        }
        Ok(written)
    }
}
