//! What the pages of a deal and of refunds show, read in the lane of reports.

use std::collections::BTreeMap;

use crate::channel::{ShownField, shown};
use crate::deal::{OrderId, Place, RefundPage, RefundState};
use crate::gateway::{Gateway, GatewayError};
use crate::store::Story;

/// A story with the messages that it rests on, as far as a person may see them.
#[derive(Debug, Clone)]
pub struct Dossier {
    /// The story.
    pub story: Story,
    /// The fields of the newest messages, by the numbers of their events.
    pub evidence: BTreeMap<i64, Vec<ShownField>>,
}

impl Gateway {
    /// All that is known of an order.
    ///
    /// # Errors
    /// When the store cannot tell.
    pub async fn dossier(&self, order_id: &OrderId) -> Result<Dossier, GatewayError> {
        let (story, messages) = self.store.books().dossier(order_id).await?;
        Ok(Dossier { story, evidence: messages.into_iter().map(|(id, message)| (id, shown(&message))).collect() })
    }

    /// A page of the refunds of a state, or of all.
    ///
    /// # Errors
    /// When the store cannot tell.
    pub async fn list_refunds(&self, state: Option<RefundState>, after: Option<Place>, limit: u32) -> Result<RefundPage, GatewayError> {
        Ok(self.store.books().refunds(state, after, limit).await?)
    }
}
