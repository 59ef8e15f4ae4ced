//! Settlement of a deal that is one way to pay a checkout: it becomes Paid together with the checkout, or not at all, so at most one
//! of a checkout's deals is ever Paid.

use sqlx::Error;

use crate::channel::ProvenPayment;
use crate::deal::{Deal, Timestamp};
use crate::store::deals::settle::MarkPaidFrom;
use crate::store::engine::connection::Conn;
use crate::store::engine::statement::{Change, Purpose};
use crate::store::error::StoreError;
use crate::store::handle::Store;
use crate::store::journal::event::Event;

use super::turn::Turn;

impl Store {
    /// Unpaid or Expired → Paid for a deal of this checkout that has been read and judged, if it still has the status that was read and
    /// nothing has paid the checkout. The checkout's other deals are due at once, by the database's clock, `due_at`.
    ///
    /// # Errors
    /// [`StoreError::Conflict`]: this payment has paid another deal.
    pub async fn mark_attempt_paid(
        &self,
        deal: &Deal,
        payment: &ProvenPayment,
        paid_at: Timestamp,
        due_at: Timestamp,
        event: Event,
    ) -> Result<bool, StoreError> {
        let paid = MarkPaidFrom::of(deal, payment, paid_at, event.at).zip(Turn::of(deal, due_at));
        let Some((paid, turn)) = paid else { return Ok(false) };
        Ok(self.change_and_tell(MarkAttemptPaid { turn, paid }, event).await? == 1)
    }
}

struct MarkAttemptPaid {
    turn: Turn,
    paid: MarkPaidFrom,
}

impl Change for MarkAttemptPaid {
    const NAME: &'static str = "mark attempt paid";
    const PURPOSE: Purpose = Purpose::Finishes;

    fn key(&self) -> Option<&str> {
        self.paid.key()
    }

    async fn apply(rows: &[&Self], conn: &mut Conn) -> Result<u64, Error> {
        let mut affected = 0;
        for row in rows {
            if row.turn.take(conn).await? {
                affected += MarkPaidFrom::apply(&[&row.paid], conn).await?;
            }
        }
        Ok(affected)
    }
}
