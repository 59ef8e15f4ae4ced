//! What the pages of a deal and of refunds show, read in the lane of reports.

use crate::deal::{OrderId, Place, RefundPage, RefundState};
use crate::gateway::{Gateway, GatewayError};
use crate::store::Dossier;

impl Gateway {
    /// All that is known of an order.
    ///
    /// # Errors
    /// When the store cannot tell.
    pub async fn dossier(&self, order_id: &OrderId) -> Result<Dossier, GatewayError> {
        Ok(self.store.books().dossier(order_id).await?)
    }

    /// A page of the refunds of a state, or of all.
    ///
    /// # Errors
    /// When the store cannot tell.
    pub async fn list_refunds(&self, state: Option<RefundState>, after: Option<Place>, limit: u32) -> Result<RefundPage, GatewayError> {
        Ok(self.store.books().refunds(state, after, limit).await?)
    }
}
