//! What writers that died have left behind, and files whose places others have taken: deleted in small bites.

use sqlx::Error;

use crate::deal::Timestamp;
use crate::store::columns::column;
use crate::store::engine::connection::Conn;
use crate::store::engine::statement::{Change, Query};
use crate::store::engine::values::Values;
use crate::store::error::StoreError;
use crate::store::handle::Store;

use super::part::TURN;

/// Parts that one transaction deletes at most.
const BITE: u32 = 64;

impl Store {
    /// Deletes a bite of the files that no bill names and that began before `before`; `true`: there may be more.
    ///
    /// # Errors
    /// The database is not available.
    pub async fn delete_old_bill_files(&self, before: Timestamp) -> Result<bool, StoreError> {
        let Some(file) = self.engine().report(OldFile { before }).await? else { return Ok(false) };
        Ok(self.engine().change(DeleteFile { file }).await? > 0)
    }
}

/// The first of them. A bill's own is whole.
pub const OLD_FILE: &str = "SELECT id FROM bill_file WHERE parts IS NULL AND at < ? AND NOT EXISTS (SELECT 1 FROM bill \
                            WHERE bill.id = bill_file.bill_id AND (bill.file_id = bill_file.id OR bill.fund_flow_id = bill_file.id)) \
                            ORDER BY at LIMIT 1";

struct OldFile {
    before: Timestamp,
}

impl Query for OldFile {
    type Answer = Option<i64>;
    const NAME: &'static str = "old bill file";

    async fn run(&self, conn: &mut Conn) -> Result<Option<i64>, Error> {
        let rows: Vec<(i64,)> = conn.rows(OLD_FILE, Values::of([column(self.before).into()])).await?;
        Ok(rows.first().map(|(id,)| *id))
    }
}

struct DeleteFile {
    file: i64,
}

impl DeleteFile {
    /// The last part of the bite; `None`: there is none.
    async fn last_part(&self, conn: &mut Conn) -> Result<Option<i64>, Error> {
        const SELECT: &str = "SELECT CAST(part AS SIGNED) FROM bill_part WHERE file_id = ? ORDER BY part LIMIT ?";
        let rows: Vec<(i64,)> = conn.rows(SELECT, Values::of([self.file.into(), BITE.into()])).await?;
        Ok(rows.last().map(|(part,)| *part))
    }

    async fn apply_one(&self, conn: &mut Conn) -> Result<u64, Error> {
        const PARTS: &str = "DELETE FROM bill_part WHERE file_id = ? AND part <= ?";
        const FILE: &str = "DELETE FROM bill_file WHERE id = ?";
        if conn.change(TURN, Values::of([self.file.into()])).await? == 0 {
            return Ok(0);
        }
        match self.last_part(conn).await? {
            Some(last) => conn.change(PARTS, Values::of([self.file.into(), last.into()])).await,
            None => conn.change(FILE, Values::of([self.file.into()])).await,
        }
    }
}

impl Change for DeleteFile {
    const NAME: &'static str = "delete bill file";
    const YIELDS: bool = true;

    async fn apply(rows: &[&Self], conn: &mut Conn) -> Result<u64, Error> {
        let mut affected = 0;
        for row in rows {
            affected += row.apply_one(conn).await?;
        }
        Ok(affected)
    }
}
