//! Giving a checkout up: from then on no payer begins to pay it.

use std::sync::LazyLock;

use sqlx::Error;

use crate::deal::{CheckoutId, Timestamp};
use crate::store::columns::column;
use crate::store::engine::connection::Conn;
use crate::store::engine::statement::Change;
use crate::store::engine::values::Values;
use crate::store::error::StoreError;
use crate::store::handle::Store;

use super::row::IS_UNPAID;

impl Store {
    /// Gives a checkout up that is not paid; `false`: it is paid, or given up already. Its deals that are not decided are due at once,
    /// by the database's clock, `due_at`.
    ///
    /// # Errors
    /// The database is not available.
    pub async fn give_up_checkout(&self, checkout_id: &CheckoutId, now: Timestamp, due_at: Timestamp) -> Result<bool, StoreError> {
        let change = GiveUp { checkout_id: checkout_id.clone(), now, due_at };
        Ok(self.engine().change(change).await? > 0)
    }
}

struct GiveUp {
    checkout_id: CheckoutId,
    now: Timestamp,
    due_at: Timestamp,
}

impl Change for GiveUp {
    const NAME: &'static str = "give up checkout";

    fn key(&self) -> Option<&str> {
        Some(self.checkout_id.as_str())
    }

    async fn apply(rows: &[&Self], conn: &mut Conn) -> Result<u64, Error> {
        static UPDATE: LazyLock<String> =
            LazyLock::new(|| format!("UPDATE checkout SET given_up_at = ? WHERE checkout_id = ? AND given_up_at IS NULL AND {IS_UNPAID}"));
        let mut affected = 0;
        for row in rows {
            let values = Values::of([column(row.now).into(), row.checkout_id.as_str().into()]);
            if conn.change(&UPDATE, values).await? == 1 {
                affected += 1;
                look_at_attempts(&row.checkout_id, row.due_at, conn).await?;
            }
        }
        Ok(affected)
    }
}

/// Nobody is to pay the deals of this checkout any more, so they are looked at now, and not when their pauses end.
pub async fn look_at_attempts(checkout_id: &CheckoutId, due_at: Timestamp, conn: &mut Conn) -> Result<(), Error> {
    const UPDATE: &str = "UPDATE deal SET due_at = ?, create_at = create_at, update_at = update_at \
                          WHERE checkout_id = ? AND COALESCE(status, 0) = 0 AND due_at > ?";
    conn.change(UPDATE, Values::of([column(due_at).into(), checkout_id.as_str().into(), column(due_at).into()])).await?;
    Ok(())
}
