//! Files of bills, each kept as it was received. One is seen once it is whole, and never before: what a writer that died has left
//! behind is deleted one day.

use std::sync::LazyLock;

use sqlx::Error;

use crate::deal::{BillKind, Timestamp};
use crate::store::columns::{column, time};
use crate::store::engine::connection::Conn;
use crate::store::engine::statement::{Change, Query};
use crate::store::engine::values::Values;
use crate::store::error::StoreError;
use crate::store::handle::Store;

use super::row::StoredBill;

/// A file that is whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BillFile {
    /// The row's number.
    pub id: i64,
    /// What it is.
    pub kind: BillKind,
    /// Bytes as they were received.
    pub received: i64,
    /// How many parts it has, counted from 0.
    pub parts: u32,
    /// The SHA-256 of what was received, in small hexadecimal digits.
    pub sha256: String,
    /// Whether it came as plain text, and was packed on its way in.
    pub packed_here: bool,
    /// When it began.
    pub at: Timestamp,
}

/// A file whose parts are all stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WholeFile {
    /// The row's number.
    pub id: i64,
    /// What it is.
    pub kind: BillKind,
    /// How many parts were stored.
    pub parts: u32,
    /// Bytes as they were received.
    pub received: i64,
    /// The SHA-256 of what was received, in small hexadecimal digits.
    pub sha256: String,
}

impl Store {
    /// Begins a file of a bill; its number.
    ///
    /// # Errors
    /// The database is not available.
    pub async fn begin_bill_file(&self, bill_id: i64, kind: BillKind, packed_here: bool, at: Timestamp) -> Result<i64, StoreError> {
        let id = self.engine().change(BeginFile { bill_id, kind, packed_here, at }).await?;
        Ok(i64::try_from(id).unwrap_or(i64::MAX))
    }

    /// Makes a file the bill's, in place of the one that it had, if all of its parts are there and the bill is due as `bill` has it, which
    /// is whose lease it is; `false`: they are not, or it was deleted, or another instance has the bill.
    ///
    /// # Errors
    /// The database is not available.
    pub async fn end_bill_file(&self, bill: &StoredBill, file: &WholeFile) -> Result<bool, StoreError> {
        Ok(self.engine().change(EndFile { bill_id: bill.id, due_at: bill.due_at, file: file.clone() }).await? > 0)
    }

    /// A file that is whole.
    ///
    /// # Errors
    /// The database is not available.
    pub async fn bill_file(&self, file: i64) -> Result<Option<BillFile>, StoreError> {
        Ok(self.engine().report(FindFile(file)).await?)
    }
}

struct BeginFile {
    bill_id: i64,
    kind: BillKind,
    packed_here: bool,
    at: Timestamp,
}

impl BeginFile {
    async fn insert(&self, conn: &mut Conn) -> Result<u64, Error> {
        const INSERT: &str = "INSERT INTO bill_file (bill_id, kind, received, packed_here, at) VALUES (?, ?, 0, ?, ?)";
        let drawn = match conn {
            Conn::MySql(_) => "SELECT CAST(LAST_INSERT_ID() AS SIGNED)",
            Conn::Sqlite(_) => "SELECT last_insert_rowid()",
        };
        let values =
            Values::of([self.bill_id.into(), self.kind.as_str().into(), i64::from(self.packed_here).into(), column(self.at).into()]);
        conn.change(INSERT, values).await?;
        let drawn: Vec<(i64,)> = conn.rows(drawn, Values::default()).await?;
        Ok(drawn.first().and_then(|(id,)| u64::try_from(*id).ok()).unwrap_or_default())
    }
}

impl Change for BeginFile {
    const NAME: &'static str = "begin bill file";
    const YIELDS: bool = true;

    /// What it answers is the row's number, which is at least 1 as a count would be. (A second try, after the connection broke, begins
    /// another one: the first is never whole.)
    async fn apply(rows: &[&Self], conn: &mut Conn) -> Result<u64, Error> {
        let mut number = 0;
        for row in rows {
            number = row.insert(conn).await?;
        }
        Ok(number)
    }
}

struct EndFile {
    bill_id: i64,
    due_at: Option<Timestamp>,
    file: WholeFile,
}

impl EndFile {
    async fn apply_one(&self, conn: &mut Conn) -> Result<u64, Error> {
        // The second time it is whole by the first.
        const WHOLE: &str = "UPDATE bill_file SET parts = ?, received = ?, sha256 = ? WHERE id = ? AND bill_id = ? AND kind = ? \
                             AND (parts IS NULL OR (parts = ? AND sha256 = ?)) \
                             AND ? = (SELECT COUNT(*) FROM bill_part WHERE file_id = bill_file.id)";
        const FORMER: &str = "UPDATE bill_file SET parts = NULL WHERE bill_id = ? AND kind = ? AND id <> ? AND parts IS NOT NULL";
        const DUE: &str = "UPDATE bill SET due_at = due_at WHERE id = ? AND due_at = ?";
        const NOT_DUE: &str = "UPDATE bill SET due_at = due_at WHERE id = ? AND due_at IS NULL";
        static OF_TRADE: LazyLock<String> = LazyLock::new(|| EndFile::name_it("file_id"));
        static OF_FUND_FLOW: LazyLock<String> = LazyLock::new(|| EndFile::name_it("fund_flow_id"));
        let Self { bill_id, due_at, file } = self;
        // It changes nothing, and holds whoever would take the bill meanwhile.
        let is_due_so = match due_at {
            Some(due_at) => conn.change(DUE, Values::of([(*bill_id).into(), column(*due_at).into()])).await?,
            None => conn.change(NOT_DUE, Values::of([(*bill_id).into()])).await?,
        };
        if is_due_so == 0 {
            return Ok(0);
        }

        let (parts, sha256, kind) = (file.parts, file.sha256.as_str(), file.kind.as_str());
        let mut values = Values::of([parts.into(), file.received.into(), sha256.into(), file.id.into(), (*bill_id).into(), kind.into()]);
        values.extend([parts.into(), sha256.into(), parts.into()]);
        if conn.change(WHOLE, values).await? != 1 {
            return Ok(0);
        }
        conn.change(FORMER, Values::of([(*bill_id).into(), kind.into(), file.id.into()])).await?;
        let of_kind = match file.kind {
            BillKind::Trade => &OF_TRADE,
            BillKind::FundFlow => &OF_FUND_FLOW,
        };
        conn.change(of_kind, Values::of([file.id.into(), (*bill_id).into()])).await
    }

    fn name_it(column: &str) -> String {
        format!("UPDATE bill SET {column} = ? WHERE id = ?")
    }
}

impl Change for EndFile {
    const NAME: &'static str = "end bill file";
    const YIELDS: bool = true;

    async fn apply(rows: &[&Self], conn: &mut Conn) -> Result<u64, Error> {
        let mut affected = 0;
        for row in rows {
            affected += row.apply_one(conn).await?;
        }
        Ok(affected)
    }
}

/// The file of this number, if it is whole.
pub struct FindFile(pub i64);

impl Query for FindFile {
    type Answer = Option<BillFile>;
    const NAME: &'static str = "find bill file";

    async fn run(&self, conn: &mut Conn) -> Result<Option<BillFile>, Error> {
        const SELECT: &str = "SELECT id, kind, received, CAST(parts AS SIGNED), sha256, CAST(packed_here AS SIGNED), CAST(at AS CHAR(19)) \
                              FROM bill_file WHERE id = ? AND parts IS NOT NULL";
        type Row = (i64, String, i64, i64, Option<String>, i64, String);
        let rows: Vec<Row> = conn.rows(SELECT, Values::of([self.0.into()])).await?;
        Ok(rows.into_iter().find_map(|(id, kind, received, parts, sha256, packed_here, at)| {
            Some(BillFile {
                id,
                kind: BillKind::from_word(&kind)?,
                received,
                parts: u32::try_from(parts).ok()?,
                sha256: sha256?,
                packed_here: packed_here != 0,
                at: time(Some(at)).unwrap_or(Timestamp::UNIX_EPOCH),
            })
        }))
    }
}
