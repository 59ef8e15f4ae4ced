//! The HTTP client of the calls below `/secapi`: an account's own, which shows its certificate.
//!
//! Connections are kept alive, and one that was opened without a certificate, or with another one, stays so. These clients
//! share none with anything else, and a changed certificate means a new client.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::deal::Timestamp;

use super::certificate::ClientCertificate;

/// What an account shows of itself. It can be changed at any time; a call that is under way ends with what it began with.
#[derive(Debug, Default)]
pub(super) struct Identity(Mutex<Option<Shown>>);

#[derive(Debug)]
struct Shown {
    certificate: Arc<ClientCertificate>,
    /// Made for the first call that wants it: of hundreds of accounts few make refunds.
    client: Option<reqwest::Client>,
}

impl Identity {
    /// Shows this certificate from the next call on, or none.
    pub fn set(&self, certificate: Option<Arc<ClientCertificate>>) {
        let mut shown = self.shown();
        let present = shown.as_ref().map(|shown| shown.certificate.fingerprint());
        if present != certificate.as_ref().map(|certificate| certificate.fingerprint()) {
            *shown = certificate.map(|certificate| Shown { certificate, client: None });
        }
    }

    /// Which certificate it is, if there is one.
    pub fn fingerprint(&self) -> Option<String> {
        self.shown().as_ref().map(|shown| shown.certificate.fingerprint().to_owned())
    }

    /// Until when it is good.
    pub fn not_after(&self) -> Option<Timestamp> {
        self.shown().as_ref().map(|shown| shown.certificate.not_after())
    }

    /// The client that shows it, made now if there is none yet. `None`: there is no certificate.
    pub fn client<E>(&self, make: impl FnOnce(&ClientCertificate) -> Result<reqwest::Client, E>) -> Result<Option<reqwest::Client>, E> {
        let mut shown = self.shown();
        let Some(Shown { certificate, client }) = shown.as_mut() else { return Ok(None) };
        let client = match client {
            Some(client) => client,
            none => none.insert(make(certificate)?),
        };
        Ok(Some(client.clone()))
    }

    fn shown(&self) -> MutexGuard<'_, Option<Shown>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
