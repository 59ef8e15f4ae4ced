//! Rows in the line of looks that another program has decided: they are taken off it.

use std::sync::LazyLock;

use sqlx::Error;

use crate::deal::Timestamp;
use crate::store::columns::column;
use crate::store::engine::connection::Conn;
use crate::store::engine::statement::{Change, Query};
use crate::store::engine::values::Values;
use crate::store::error::StoreError;
use crate::store::handle::Store;

use super::row::{DealRow, select};

impl Store {
    /// Takes rows off the line that another program has decided; of those that have been due for longest `limit` are looked at.
    ///
    /// # Errors
    /// The database is not available.
    pub async fn forget_decided(&self, now: Timestamp, limit: u32) -> Result<(), StoreError> {
        let ids = self.engine().ask(FindDecidedDue { now, limit }).await?;
        if !ids.is_empty() {
            self.engine().change(ForgetDecided { ids }).await?;
        }
        Ok(())
    }
}

/// Of the rows that have been due for longest, those that are decided. Rows that are followed move on whenever they are looked
/// at, so decided ones are left at the end of the line.
struct FindDecidedDue {
    now: Timestamp,
    limit: u32,
}

impl Query for FindDecidedDue {
    type Answer = Vec<i64>;
    const NAME: &'static str = "find decided due";

    async fn run(&self, conn: &mut Conn) -> Result<Vec<i64>, Error> {
        static SELECT: LazyLock<String> = LazyLock::new(|| {
            let oldest = select("due_at <= ? ORDER BY due_at LIMIT ?");
            format!("SELECT * FROM ({oldest}) oldest WHERE COALESCE(status, 0) <> 0")
        });
        let rows: Vec<DealRow> = conn.rows(&SELECT, Values::of([column(self.now).into(), self.limit.into()])).await?;
        Ok(rows.into_iter().map(|row| row.id).collect())
    }
}

struct ForgetDecided {
    ids: Vec<i64>,
}

impl Change for ForgetDecided {
    const NAME: &'static str = "forget decided";

    async fn apply(rows: &[&Self], conn: &mut Conn) -> Result<u64, Error> {
        let mut affected = 0;
        for row in rows {
            let ids = row.ids.iter().map(i64::to_string).collect::<Vec<_>>().join(", ");
            let update = format!(
                "UPDATE deal SET due_at = NULL, create_at = create_at, update_at = update_at \
                 WHERE id IN ({ids}) AND due_at IS NOT NULL AND COALESCE(status, 0) <> 0"
            );
            affected += conn.change_once(update).await?;
        }
        Ok(affected)
    }
}
