//! Expiry: the changes that give a deal up which was not paid.

use std::sync::LazyLock;

use sqlx::Error;

use crate::channel::Evidence;
use crate::deal::{OrderId, Timestamp};
use crate::store::columns::{change_with_messages, column, text_in};
use crate::store::engine::connection::Conn;
use crate::store::engine::statement::Change;
use crate::store::engine::values::Values;
use crate::store::error::StoreError;
use crate::store::handle::Store;
use crate::store::journal::event::Event;

use super::prepay::HAS_NO_TICKET;

impl Store {
    /// Unpaid → Expired on WeChat's signed word that the order is closed. `false`: it was not unpaid, a caller is
    /// asking WeChat for a link at this moment, or it is one of the original's that were too old at adoption to be
    /// followed, which are only ever answered.
    ///
    /// # Errors
    /// The database is not available.
    pub async fn mark_expired(&self, order_id: &OrderId, evidence: &Evidence, event: Event) -> Result<bool, StoreError> {
        Ok(self.change_and_tell(MarkExpired::of(order_id, evidence, event.at), event).await? == 1)
    }

    /// Unpaid → Expired for a deal that never had a link and that WeChat does not know, if no caller has asked for a link
    /// since `quiet_since`: a request may still be under way.
    ///
    /// # Errors
    /// The database is not available.
    pub async fn mark_never_ordered(&self, order_id: &OrderId, quiet_since: Timestamp, event: Event) -> Result<bool, StoreError> {
        Ok(self.change_and_tell(MarkNeverOrdered::of(order_id, quiet_since, event.at), event).await? == 1)
    }
}

/// Of an order that WeChat has closed.
pub struct MarkExpired {
    order_id: OrderId,
    evidence: Evidence,
    now: Timestamp,
}

impl MarkExpired {
    /// On this word, now.
    pub fn of(order_id: &OrderId, evidence: &Evidence, now: Timestamp) -> Self {
        Self { order_id: order_id.clone(), evidence: evidence.clone(), now }
    }
}

impl Change for MarkExpired {
    const NAME: &'static str = "mark expired";

    fn key(&self) -> Option<&str> {
        Some(self.order_id.as_str())
    }

    async fn apply(rows: &[&Self], conn: &mut Conn) -> Result<u64, Error> {
        const UPDATE: &str = "UPDATE deal SET status = 2, queryBack = ?, create_at = create_at, update_at = ?, due_at = NULL \
                              WHERE order_key = ? AND COALESCE(status, 0) = 0 AND (asking_until IS NULL OR asking_until <= ?) \
                              AND (expires_at IS NOT NULL OR due_at IS NOT NULL)";
        let mut affected = 0;
        for row in rows {
            let values = |charset| {
                let message = text_in(&row.evidence, charset);
                Values::of([message.into(), column(row.now).into(), row.order_id.as_str().into(), column(row.now).into()])
            };
            affected += change_with_messages(conn, 1, UPDATE, values).await?;
        }
        Ok(affected)
    }
}

/// Of an order that WeChat does not know.
pub struct MarkNeverOrdered {
    order_id: OrderId,
    quiet_since: Timestamp,
    now: Timestamp,
}

impl MarkNeverOrdered {
    /// If no caller has asked for a link since then.
    pub fn of(order_id: &OrderId, quiet_since: Timestamp, now: Timestamp) -> Self {
        Self { order_id: order_id.clone(), quiet_since, now }
    }
}

impl Change for MarkNeverOrdered {
    const NAME: &'static str = "mark never ordered";

    fn key(&self) -> Option<&str> {
        Some(self.order_id.as_str())
    }

    async fn apply(rows: &[&Self], conn: &mut Conn) -> Result<u64, Error> {
        static UPDATE: LazyLock<String> = LazyLock::new(|| {
            format!(
                "UPDATE deal SET status = 2, create_at = create_at, update_at = ?, due_at = NULL \
                 WHERE order_key = ? AND COALESCE(status, 0) = 0 AND {HAS_NO_TICKET} AND prepay_request IS NOT NULL AND asking_until <= ?"
            )
        });
        let change = conn.change_each(&UPDATE, rows, |row| {
            Values::of([column(row.now).into(), row.order_id.as_str().into(), column(row.quiet_since).into()])
        });
        change.await
    }
}
