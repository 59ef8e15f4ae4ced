//! A lease on the next try of a delivery, taken by moving its due time, which only one instance can.

use sqlx::Error;

use crate::deal::Timestamp;
use crate::store::columns::column;
use crate::store::engine::connection::Conn;
use crate::store::engine::index_hints::PRIMARY_KEY;
use crate::store::engine::sizes::{Rows, Texts};
use crate::store::engine::statement::Change;
use crate::store::engine::values::Values;
use crate::store::error::StoreError;
use crate::store::handle::Store;

use super::due::Delivery;

impl Store {
    /// Takes the next try of a delivery that has been read, by moving its due time to `until`; `false` when another instance has it.
    /// Many that are taken at once travel together.
    ///
    /// # Errors
    /// The database is not available.
    pub async fn take_delivery(&self, delivery: &Delivery, until: Timestamp) -> Result<bool, StoreError> {
        Ok(self.engine().change(TakeDelivery { id: delivery.id.to_string(), from: delivery.due_at, until }).await? == 1)
    }
}

struct TakeDelivery {
    /// As text, by which changes of one batch are told apart.
    id: String,
    from: Timestamp,
    until: Timestamp,
}

impl TakeDelivery {
    fn id(&self) -> &str {
        &self.id
    }

    fn guard(rows: Rows) -> String {
        format!("{} AND due_at = {}", rows.are("id"), rows.each("id"))
    }

    fn guard_values<'v>(values: &mut Values<'v>, rows: &[&'v Self]) {
        values.keys(rows, Self::id);
        values.each(rows, Self::id, |row| column(row.from));
    }
}

impl Change for TakeDelivery {
    const NAME: &'static str = "take delivery";
    const YIELDS: bool = true;

    fn key(&self) -> Option<&str> {
        Some(&self.id)
    }

    fn is_lease(&self) -> bool {
        true
    }

    fn may_travel(&self) -> bool {
        true
    }

    async fn apply(rows: &[&Self], conn: &mut Conn) -> Result<u64, Error> {
        static UPDATE: Texts = Texts::new(|rows| {
            let (table, guard) = (rows.table("webhook_delivery", PRIMARY_KEY), TakeDelivery::guard(rows));
            format!("UPDATE {table} SET due_at = {} WHERE {guard}", rows.each("id"))
        });
        let mut values = Values::default();
        values.each(rows, Self::id, |row| column(row.until));
        Self::guard_values(&mut values, rows);
        conn.change(UPDATE.of(rows.len(), conn), values).await
    }

    async fn changeable(rows: &[&Self], conn: &mut Conn) -> Result<Option<Vec<String>>, Error> {
        static SELECT: Texts = Texts::new(|rows| {
            let (table, guard) = (rows.table("webhook_delivery", PRIMARY_KEY), TakeDelivery::guard(rows));
            format!("SELECT id FROM {table} WHERE {guard}")
        });
        let mut values = Values::default();
        Self::guard_values(&mut values, rows);
        let ids: Vec<(i64,)> = conn.rows(SELECT.of(rows.len(), conn), values).await?;
        Ok(Some(ids.into_iter().map(|(id,)| id.to_string()).collect()))
    }
}
