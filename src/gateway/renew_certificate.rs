//! Certificate renewal: another client certificate for an account, while the service runs.

use std::sync::Arc;

use tracing::{info, warn};

use crate::channel::{ClientCertificate, Refunding};
use crate::deal::{AccountId, BeijingTime};

use super::Gateway;

impl Gateway {
    /// Refunds through this account are asked for with this client certificate from the next call on; whether it is another one than
    /// before. One that it has already changes nothing.
    pub fn show_certificate(&self, account: &AccountId, certificate: Arc<ClientCertificate>) -> bool {
        let Ok(shown_by) = self.accounts.get(account) else { return false };
        self.metrics.certified(account, certificate.not_after());
        if shown_by.refunding() == Refunding::Certified(certificate.fingerprint().to_owned()) {
            return false;
        }
        // As much as tells two of them apart: all of it looks like a key.
        let fingerprint = certificate.fingerprint().get(..16);
        let not_after = BeijingTime::from(certificate.not_after());
        info!(%account, fingerprint, %not_after, "refunds are asked for with this client certificate");
        shown_by.show_certificate(certificate);
        true
    }

    /// The client certificate of this account is another one by now, and cannot be used: the former one stays.
    pub fn keep_certificate(&self, account: &AccountId) {
        self.metrics.certificate_not_taken(account);
    }

    /// The refunds through this account that wait for another client certificate than its present one are sent at once. (Where the
    /// database does not answer they are sent within the hour, as any that waits for an operator.)
    pub async fn release_held_refunds(&self, account: &AccountId) {
        let Ok(Refunding::Certified(fingerprint)) = self.accounts.get(account).map(|account| account.refunding()) else { return };
        let now = self.now_by_database();
        match self.store.release_held_refunds(account, &fingerprint, now).await {
            Ok(0) => {}
            Ok(refunds) => info!(%account, refunds, "refunds that waited for another client certificate are sent"),
            Err(error) => warn!(%account, %error, "refunds that wait for another client certificate are sent later"),
        }
    }
}
