//! Certificate renewal: another client certificate for an account, while the service runs.

use std::sync::Arc;

use tracing::info;

use crate::channel::{ClientCertificate, Refunding};
use crate::deal::{AccountId, BeijingTime};

use super::Gateway;

impl Gateway {
    /// Refunds through this account are asked for with this client certificate from the next call on. One that it has already
    /// changes nothing.
    pub fn renew_certificate(&self, account: &AccountId, certificate: Arc<ClientCertificate>) {
        let Ok(renewed) = self.accounts.get(account) else { return };
        self.metrics.certified(account, certificate.not_after());
        if renewed.refunding() == Refunding::Certified(certificate.fingerprint().to_owned()) {
            return;
        }
        let (fingerprint, not_after) = (certificate.fingerprint(), BeijingTime::from(certificate.not_after()));
        info!(%account, fingerprint, %not_after, "refunds are asked for with this client certificate");
        renewed.show_certificate(certificate);
    }

    /// The client certificate of this account is another one by now, and cannot be used: the former one stays.
    pub fn keep_certificate(&self, account: &AccountId) {
        self.metrics.certificate_not_taken(account);
    }
}
