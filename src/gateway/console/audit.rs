//! The trail of what users of the console have done.

use crate::deal::{AuditEntry, AuditWish, NewAudit};
use crate::gateway::{Gateway, GatewayError};

impl Gateway {
    /// Writes who is about to do what, before it is done.
    ///
    /// # Errors
    /// When the store cannot keep it: then it must not be done.
    pub async fn record_audit(&self, entry: NewAudit) -> Result<(), GatewayError> {
        Ok(self.store.record_audit(entry).await?)
    }

    /// Rows of the trail, the newest first.
    ///
    /// # Errors
    /// When the store cannot tell.
    pub async fn audit(&self, wish: AuditWish) -> Result<Vec<AuditEntry>, GatewayError> {
        Ok(self.store.audit(wish).await?)
    }
}
