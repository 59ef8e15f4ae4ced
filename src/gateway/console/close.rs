//! Closing an order at an operator's wish.

use crate::deal::{NewAudit, OrderId};
use crate::gateway::{Closed, Gateway, GatewayError};
use crate::store::Origin;

impl Gateway {
    /// Closes a deal that is not paid. Who asked for it is written before WeChat is called.
    ///
    /// # Errors
    /// As [`Gateway::close_order`]; and when it cannot be written who asked, so that nothing was done.
    pub async fn close_for(&self, order_id: &OrderId, by: NewAudit) -> Result<Closed, GatewayError> {
        let deal = self.load(order_id).await?;
        Self::is_about(order_id, &deal.account);
        if let Some(closed) = Self::closed_already(&deal) {
            return Ok(closed);
        }
        self.may_close(&deal)?;
        self.record_audit(by.of_order(order_id)).await?;
        self.close(deal, Origin::Console).await
    }
}
