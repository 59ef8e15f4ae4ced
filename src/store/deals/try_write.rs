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

    /// No deal has this number: a server that is read-only or a table that is locked says so all the same. Whether what is changed can
    /// be stored, on a disk and in a cluster, only a change tells: it is that of nobody's code, which stands for no login.
    async fn apply(rows: &[&Self], conn: &mut Conn) -> Result<u64, Error> {
        const UPDATE: &str = "UPDATE deal SET create_at = create_at, update_at = update_at WHERE id = 0";
        const MYSQL: &str = "INSERT INTO console_totp (user, step) VALUES ('', 1) ON DUPLICATE KEY UPDATE step = step + 1";
        const SQLITE: &str = "INSERT INTO console_totp (user, step) VALUES ('', 1) ON CONFLICT (user) DO UPDATE SET step = step + 1";
        conn.change_each(UPDATE, rows, |_| Values::default()).await?;
        let store = if matches!(conn, Conn::MySql(_)) { MYSQL } else { SQLITE };
        conn.change_each(store, rows, |_| Values::default()).await
    }
}
