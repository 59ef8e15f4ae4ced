//! Notifications that the store must be asked about before they are believed: signed with our key, by the algorithm that
//! is not the configured one, which is right for an order of before the configuration was changed.

use tracing::info;

use crate::channel::wechat::v2::{Notification, SignatureError, Unconfirmed};
use crate::store::StoreError;

use super::Gateway;

/// Why a notification by the other algorithm is not believed.
#[derive(Debug, thiserror::Error)]
pub enum Unbelieved {
    /// The order was not sent so.
    #[error("{0}")]
    Signature(#[from] SignatureError),
    /// The order could not be looked up.
    #[error("{0}")]
    Store(#[from] StoreError),
}

impl Gateway {
    /// Believes a notification if its order was sent to WeChat by the algorithm that signed it, or is none of ours.
    pub async fn confirm(&self, unconfirmed: Unconfirmed) -> Result<Notification, Unbelieved> {
        let Some(deal) = self.store.find_to_finish(unconfirmed.order_id()).await? else { return Ok(unconfirmed.of_unknown_order()) };
        let notification = unconfirmed.confirm(deal.prepay.request.as_deref())?;
        info!(order_id = %deal.order_id, "a notification by the order's own algorithm, which is not wechat.sign_type");
        Ok(notification)
    }
}
