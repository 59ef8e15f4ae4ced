//! The insert of a deal by which a checkout is paid in one more way: only while nothing has paid the checkout and it is not given up.

use std::sync::LazyLock;

use sqlx::Error;

use crate::deal::{CheckoutId, Timestamp};
use crate::store::columns::column;
use crate::store::deals::insert::{Insert, NewDeal};
use crate::store::engine::connection::Conn;
use crate::store::engine::statement::Change;
use crate::store::engine::values::Values;
use crate::store::error::StoreError;
use crate::store::handle::Store;
use crate::store::journal::event::Event;

use super::row::IS_UNPAID;

impl Store {
    /// Stores a new deal of an open checkout; `false`: the checkout is paid or given up, or its time is over by `now`.
    ///
    /// # Errors
    /// [`StoreError::Conflict`]: the checkout has a deal for this way, or the order id is taken.
    pub async fn insert_attempt(&self, checkout_id: &CheckoutId, now: Timestamp, deal: NewDeal, event: Event) -> Result<bool, StoreError> {
        let change = InsertAttempt { checkout_id: checkout_id.clone(), now, insert: Insert(deal) };
        Ok(self.change_and_tell(change, event).await? == 1)
    }
}

struct InsertAttempt {
    checkout_id: CheckoutId,
    now: Timestamp,
    insert: Insert,
}

impl Change for InsertAttempt {
    const NAME: &'static str = "insert attempt";

    fn key(&self) -> Option<&str> {
        self.insert.key()
    }

    async fn apply(rows: &[&Self], conn: &mut Conn) -> Result<u64, Error> {
        static TURN: LazyLock<String> = LazyLock::new(|| {
            format!(
                "UPDATE checkout SET attempts = attempts + 1 \
                 WHERE checkout_id = ? AND given_up_at IS NULL AND expires_at > ? AND {IS_UNPAID}"
            )
        });
        let mut affected = 0;
        for Self { checkout_id, now, insert } in rows {
            let values = Values::of([checkout_id.as_str().into(), column(*now).into()]);
            if conn.change(&TURN, values).await? == 1 {
                affected += Insert::apply(&[insert], conn).await?;
            }
        }
        Ok(affected)
    }

    async fn is_stored(&self, conn: &mut Conn) -> Result<bool, Error> {
        self.insert.is_stored(conn).await
    }
}
