//! The parts of a file.

use sqlx::Error;

use crate::store::engine::connection::{Conn, by_engine};
use crate::store::engine::statement::{Change, Query};
use crate::store::engine::values::Values;
use crate::store::error::StoreError;
use crate::store::handle::Store;

impl Store {
    /// Stores a part of a file that is not whole yet, once, however often it is said. A file that is there no more takes none, which
    /// [`Store::end_bill_file`] tells.
    ///
    /// # Errors
    /// The database is not available.
    pub async fn add_bill_part(&self, file: i64, part: u32, data: Vec<u8>) -> Result<(), StoreError> {
        self.engine().change(AddPart { file, part, data }).await?;
        Ok(())
    }

    /// A part of a file, counted from 0.
    ///
    /// # Errors
    /// The database is not available.
    pub async fn bill_part(&self, file: i64, part: u32) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.engine().report(FindPart { file, part }).await?)
    }
}

struct AddPart {
    file: i64,
    part: u32,
    data: Vec<u8>,
}

/// The change of a file's row that changes nothing: who adds a part, and who deletes the file, take turns at it.
pub const TURN: &str = "UPDATE bill_file SET parts = NULL WHERE id = ? AND parts IS NULL";

impl AddPart {
    async fn apply_one(&self, conn: &mut Conn) -> Result<u64, Error> {
        let insert = by_engine!(conn, String, |is_mysql| {
            let again = if is_mysql { "DUPLICATE KEY UPDATE data = VALUES(data)" } else { "CONFLICT DO UPDATE SET data = excluded.data" };
            format!("INSERT INTO bill_part (file_id, part, data) VALUES (?, ?, ?) ON {again}")
        });
        if conn.change(TURN, Values::of([self.file.into()])).await? == 0 {
            return Ok(0);
        }
        conn.change(insert, Values::of([self.file.into(), self.part.into(), self.data.as_slice().into()])).await
    }
}

impl Change for AddPart {
    const NAME: &'static str = "add bill part";
    const YIELDS: bool = true;

    async fn apply(rows: &[&Self], conn: &mut Conn) -> Result<u64, Error> {
        let mut affected = 0;
        for row in rows {
            affected += row.apply_one(conn).await?;
        }
        Ok(affected)
    }
}

/// A part of a file.
pub struct FindPart {
    /// Of which file.
    pub file: i64,
    /// Which.
    pub part: u32,
}

impl Query for FindPart {
    type Answer = Option<Vec<u8>>;
    const NAME: &'static str = "find bill part";

    async fn run(&self, conn: &mut Conn) -> Result<Option<Vec<u8>>, Error> {
        const SELECT: &str = "SELECT data FROM bill_part WHERE file_id = ? AND part = ?";
        let rows: Vec<(Vec<u8>,)> = conn.rows(SELECT, Values::of([self.file.into(), self.part.into()])).await?;
        Ok(rows.into_iter().next().map(|(data,)| data))
    }
}
