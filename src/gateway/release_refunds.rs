//! Release of refunds that are held: those that wait for another client certificate go out once there is one.

use tracing::{info, warn};

use crate::channel::Refunding;

use super::Gateway;

impl Gateway {
    /// Makes the refunds due now that wait for another client certificate than their account has by now. To be called at the start, and
    /// when a certificate was renewed. Where the store fails they go out within the hour.
    pub async fn release_held_refunds(&self) {
        let now = self.now_by_database();
        for account in self.accounts.iter() {
            let Refunding::Certified(fingerprint) = account.refunding() else { continue };
            match self.store.release_held_refunds(account.id(), &fingerprint, now).await {
                Ok(0) => {}
                Ok(refunds) => info!(account = %account.id(), refunds, "refunds that waited for another client certificate go out"),
                Err(error) => {
                    warn!(account = %account.id(), %error, "refunds that wait for another client certificate could not be released")
                }
            }
        }
    }
}
