//! Asking WeChat once more at an operator's wish, though nothing is due.

use crate::deal::{DealStatus, NewAudit, OrderId};
use crate::gateway::follow::Calls;
use crate::gateway::{Gateway, GatewayError};
use crate::store::{Event, EventKind, Origin};

impl Gateway {
    /// Asks WeChat how a deal stands that is not paid, or which refunds there are of one that is, and stores what follows from the
    /// answer. Who asked for it is written before.
    ///
    /// # Errors
    /// [`GatewayError::NotFound`], [`GatewayError::NotWeChats`], and why WeChat could not be asked.
    pub async fn ask_for(&self, order_id: &OrderId, by: NewAudit) -> Result<(), GatewayError> {
        let deal = self.load(order_id).await?;
        Self::is_about(order_id, &deal.account);
        if !deal.mode.is_wechat() {
            return Err(GatewayError::NotWeChats(order_id.clone()));
        }
        self.accounts.get(&deal.account)?;
        self.record_audit(by.of_order(order_id)).await?;
        if deal.status == DealStatus::Paid {
            return self.inquire_refunds(&deal.route(), Origin::Console, &Calls::default()).await;
        }
        let told = self.inquire(&deal.route(), Origin::Console).await?;
        if !told.state.is_paid() && !told.state.is_dead() {
            let said = if told.is_known { told.state.as_str() } else { "WeChat does not know it" };
            self.record(Event { detail: Some(said.to_owned()), ..self.event(order_id, EventKind::Looked, Origin::Console) }, None).await;
        }
        Ok(())
    }
}
