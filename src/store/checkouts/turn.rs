//! The turn of a payment at its checkout, taken in the transaction that makes a deal of it Paid.

use sqlx::Error;

use crate::deal::{CheckoutId, Deal, Timestamp};
use crate::store::engine::connection::Conn;
use crate::store::engine::values::Values;

use super::give_up::look_at_attempts;

/// The turn of a payment at its checkout: there is one.
pub struct Turn {
    checkout_id: CheckoutId,
    order_id: String,
    due_at: Timestamp,
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
