//! Expiry of a deal that is one way to pay a checkout: it is told of, unless another deal had paid the checkout by then, for what was
//! bought is not free again.

use std::sync::LazyLock;

use sqlx::Error;

use crate::channel::Evidence;
use crate::deal::{CheckoutId, OrderId, Timestamp};
use crate::store::deals::expire::{MarkExpired, MarkNeverOrdered};
use crate::store::engine::connection::Conn;
use crate::store::engine::statement::Change;
use crate::store::engine::values::Values;
use crate::store::error::StoreError;
use crate::store::handle::Store;
use crate::store::journal::entry::Entry;
use crate::store::journal::event::Event;
use crate::store::journal::insert::insert;

use super::row::IS_UNPAID;

impl Store {
    /// [`Store::mark_expired`] for a deal of this checkout.
    ///
    /// # Errors
    /// The database is not available.
    pub async fn mark_attempt_expired(
        &self,
        checkout_id: &CheckoutId,
        order_id: &OrderId,
        evidence: &Evidence,
        event: Event,
    ) -> Result<bool, StoreError> {
        self.expire_attempt(checkout_id, MarkExpired::of(order_id, evidence, event.at), event).await
    }

    /// [`Store::mark_never_ordered`] for a deal of this checkout.
    ///
    /// # Errors
    /// The database is not available.
    pub async fn mark_attempt_never_ordered(
        &self,
        checkout_id: &CheckoutId,
        order_id: &OrderId,
        quiet_since: Timestamp,
        event: Event,
    ) -> Result<bool, StoreError> {
        self.expire_attempt(checkout_id, MarkNeverOrdered::of(order_id, quiet_since, event.at), event).await
    }

    async fn expire_attempt<C: Change>(&self, checkout_id: &CheckoutId, change: C, event: Event) -> Result<bool, StoreError> {
        let has_expired =
            self.engine().change(ExpireAttempt { checkout_id: checkout_id.clone(), change, entry: self.entry(event) }).await? == 1;
        if has_expired {
            self.has_news();
        }
        Ok(has_expired)
    }
}

struct ExpireAttempt<C> {
    checkout_id: CheckoutId,
    change: C,
    /// As it is told of while the checkout is not paid.
    entry: Entry,
}

impl<C: Change> Change for ExpireAttempt<C> {
    const NAME: &'static str = C::NAME;

    fn key(&self) -> Option<&str> {
        self.change.key()
    }

    async fn apply(rows: &[&Self], conn: &mut Conn) -> Result<u64, Error> {
        static TURN: LazyLock<String> =
            LazyLock::new(|| format!("UPDATE checkout SET attempts = attempts WHERE checkout_id = ? AND {IS_UNPAID}"));
        let mut affected = 0;
        for Self { checkout_id, change, entry } in rows {
            let is_unpaid = conn.change(&TURN, Values::of([checkout_id.as_str().into()])).await? == 1;
            if C::apply(&[change], conn).await? == 1 {
                let announces = if is_unpaid { entry.event.announces.clone() } else { Vec::new() };
                let entry = Entry { event: Event { announces, ..entry.event.clone() }, instance: entry.instance.clone() };
                insert(&[&entry], conn).await?;
                affected += 1;
            }
        }
        Ok(affected)
    }
}
