//! The lease on a bill, taken by moving its due time, which only one instance can.

use sqlx::Error;

use crate::deal::Timestamp;
use crate::store::columns::column;
use crate::store::engine::connection::Conn;
use crate::store::engine::statement::Change;
use crate::store::engine::values::Values;
use crate::store::error::StoreError;
use crate::store::handle::Store;

use super::row::StoredBill;

impl Store {
    /// Takes a bill that has been read until then, by moving its due time, whether or not it is due; `false`: another instance has it.
    ///
    /// # Errors
    /// The database is not available.
    pub async fn take_bill(&self, bill: &StoredBill, until: Timestamp) -> Result<bool, StoreError> {
        Ok(self.engine().change(TakeBill { id: bill.id, from: bill.due_at, until }).await? == 1)
    }
}

struct TakeBill {
    id: i64,
    from: Option<Timestamp>,
    until: Timestamp,
}

impl TakeBill {
    async fn apply_one(&self, conn: &mut Conn) -> Result<u64, Error> {
        const DUE: &str = "UPDATE bill SET due_at = ? WHERE id = ? AND due_at = ?";
        const NOT_ANY_MORE: &str = "UPDATE bill SET due_at = ? WHERE id = ? AND due_at IS NULL";
        let (mut values, mut sql) = (Values::of([column(self.until).into(), self.id.into()]), NOT_ANY_MORE);
        if let Some(from) = self.from {
            values.add(column(from));
            sql = DUE;
        }
        conn.change(sql, values).await
    }
}

impl Change for TakeBill {
    const NAME: &'static str = "take bill";
    const YIELDS: bool = true;

    async fn apply(rows: &[&Self], conn: &mut Conn) -> Result<u64, Error> {
        let mut affected = 0;
        for row in rows {
            affected += row.apply_one(conn).await?;
        }
        Ok(affected)
    }
}
