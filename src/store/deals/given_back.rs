//! A note of WeChat's word that others gave money back: which refunds these are, WeChat is asked next.

use std::sync::LazyLock;

use sqlx::Error;

use crate::channel::ProvenPayment;
use crate::deal::{Deal, Timestamp, transaction_key};
use crate::store::columns::{change_with_messages, column, text_in};
use crate::store::engine::connection::Conn;
use crate::store::engine::statement::{Change, Purpose};
use crate::store::engine::values::Values;
use crate::store::error::StoreError;
use crate::store::handle::Store;
use crate::store::journal::event::Event;

use super::accounts::ACCOUNT;

impl Store {
    /// Keeps WeChat's word that the payment of a paid deal was given back; `false` when that was known.
    ///
    /// # Errors
    /// The database is not available.
    pub async fn note_given_back(&self, deal: &Deal, payment: &ProvenPayment, event: Event) -> Result<bool, StoreError> {
        let change = NoteGivenBack { id: deal.id, payment: payment.clone(), now: event.at };
        Ok(self.change_and_tell(change, event).await? == 1)
    }
}

struct NoteGivenBack {
    id: i64,
    payment: ProvenPayment,
    now: Timestamp,
}

impl Change for NoteGivenBack {
    const NAME: &'static str = "note given back";
    const PURPOSE: Purpose = Purpose::Finishes;

    fn key(&self) -> Option<&str> {
        Some(self.payment.order_id().as_str())
    }

    async fn apply(rows: &[&Self], conn: &mut Conn) -> Result<u64, Error> {
        static UPDATE: LazyLock<String> = LazyLock::new(|| {
            format!(
                "UPDATE deal SET refunded_at = ?, refunds_due_at = ?, queryBack = ?, create_at = create_at, update_at = update_at \
                 WHERE id = ? AND order_key = ? AND status = 1 AND COALESCE(transaction_key = ?, transaction_id = ?) \
                 AND refunded_at IS NULL AND {ACCOUNT} = ?"
            )
        });
        let mut affected = 0;
        for row in rows {
            let values = |charset| {
                Values::of([
                    column(row.now).into(),
                    column(row.now).into(),
                    text_in(row.payment.evidence(), charset).into(),
                    row.id.into(),
                    row.payment.order_id().as_str().into(),
                    transaction_key(row.payment.account(), row.payment.transaction_id()).into(),
                    row.payment.transaction_id().into(),
                    row.payment.account().as_str().into(),
                ])
            };
            affected += change_with_messages(conn, 1, &UPDATE, values).await?;
        }
        Ok(affected)
    }
}
