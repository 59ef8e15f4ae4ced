//! Settlement of a deal that is one way to pay a checkout: it becomes Paid together with the checkout, or not at all, so at most one
//! of a checkout's deals is ever Paid.

use sqlx::Error;

use crate::channel::ProvenPayment;
use crate::deal::{CheckoutId, Deal, Timestamp};
use crate::store::deals::settle::MarkPaidFrom;
use crate::store::engine::connection::Conn;
use crate::store::engine::statement::{Change, Purpose};
use crate::store::engine::values::Values;
use crate::store::error::StoreError;
use crate::store::handle::Store;
use crate::store::journal::event::Event;

use super::give_up::look_at_attempts;

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

/// The turn of a payment at its checkout: there is one.
pub struct Turn {
    checkout_id: CheckoutId,
    order_id: String,
    due_at: Timestamp,
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

impl Turn {
    /// Of a deal that is one way to pay a checkout.
    pub fn of(deal: &Deal, due_at: Timestamp) -> Option<Self> {
        let checkout_id = deal.checkout_id.clone()?;
        Some(Self { checkout_id, order_id: deal.order_id.to_string(), due_at })
    }

    /// `false`: another deal has paid the checkout.
    pub async fn take(&self, conn: &mut Conn) -> Result<bool, Error> {
        const UPDATE: &str = "UPDATE checkout SET paid_by = ? WHERE checkout_id = ? AND paid_by IS NULL AND NOT EXISTS \
                              (SELECT 1 FROM deal WHERE deal.checkout_id = checkout.checkout_id AND status = 1 AND order_key <> ?)";
        let (order_id, checkout_id) = (self.order_id.as_str(), self.checkout_id.as_str());
        let values = Values::of([order_id.into(), checkout_id.into(), order_id.into()]);
        if conn.change(UPDATE, values).await? != 1 {
            return Ok(false);
        }
        look_at_attempts(&self.checkout_id, self.due_at, conn).await?;
        Ok(true)
    }
}
