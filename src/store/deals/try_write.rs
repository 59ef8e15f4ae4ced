//! A probe: whether anything could be changed.

use sqlx::Error;

use crate::store::engine::connection::Conn;
use crate::store::engine::statement::{Change, Purpose};
use crate::store::engine::values::Values;
use crate::store::error::StoreError;
use crate::store::handle::Store;

impl Store {
    /// Whether changes can be made. It is tried only when the last one was not carried out.
    ///
    /// # Errors
    /// They cannot.
    pub async fn can_write(&self) -> Result<(), StoreError> {
        match self.engine().can_write() {
            Some(known) => Ok(known?),
            None => {
                self.engine().change(TryWrite).await?;
                Ok(())
            }
        }
    }
}

struct TryWrite;

impl Change for TryWrite {
    const NAME: &'static str = "try to write";
    const PURPOSE: Purpose = Purpose::Finishes;

    /// No row has this number. A server that is read-only or a table that is locked says so all the same.
    async fn apply(rows: &[&Self], conn: &mut Conn) -> Result<u64, Error> {
        const UPDATE: &str = "UPDATE deal SET create_at = create_at, update_at = update_at WHERE id = 0";
        conn.change_each(UPDATE, rows, |_| Values::default()).await
    }
}
