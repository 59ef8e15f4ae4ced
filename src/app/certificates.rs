//! A file watcher for client certificates: a pair that was replaced is read again, and with it refunds go on without a restart.

use std::os::unix::fs::MetadataExt;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::task::spawn_blocking;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::channel::ClientCertificate;
use crate::config::{CertificateSource, ConfigErrors, Settings};
use crate::deal::AccountId;
use crate::gateway::Gateway;

/// Between two looks at the files. A change is read at the look after the one that saw it: the two halves of a pair are seldom
/// written at once.
const LOOK: Duration = Duration::from_secs(3);

/// The accounts that have client certificates.
pub struct Certificates(Vec<Watched>);

impl Certificates {
    /// Those of a configuration.
    pub fn of(settings: &Settings) -> Self {
        let sources = settings.all_accounts().filter_map(|account| Some((account, &account.certificate.as_ref()?.source)));
        Self(sources.map(|(account, source)| Watched::new(account.merchant.account.clone(), source.clone())).collect())
    }

    /// Sends what waited for a certificate that the service was started with; then reads again what has changed, and all of it when
    /// `reload` says so, until `stop`.
    pub async fn watch(self, gateway: Arc<Gateway>, reload: Arc<Notify>, stop: CancellationToken) {
        stop.run_until_cancelled(self.watch_on(&gateway, &reload)).await;
    }

    async fn watch_on(mut self, gateway: &Gateway, reload: &Notify) {
        for Watched { account, .. } in &self.0 {
            gateway.release_held_refunds(account).await;
        }
        let mut looks = interval(LOOK);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let is_asked = tokio::select! {
                () = reload.notified() => true,
                _ = looks.tick() => false,
            };
            let looked = spawn_blocking(move || {
                let read: Vec<_> = self.0.iter_mut().filter_map(|watched| watched.look(is_asked)).collect();
                (self, read)
            });
            // It does not panic; and without it the service goes on with the certificates that it has.
            let Ok((watched, read)) = looked.await else { return };
            self = watched;
            if is_asked {
                info!(accounts = read.len(), "client certificates were read again");
            }
            for (account, read) in read {
                take(gateway, &account, read).await;
            }
        }
    }
}

async fn take(gateway: &Gateway, account: &AccountId, read: Result<ClientCertificate, ConfigErrors>) {
    match read {
        Ok(certificate) => {
            gateway.show_certificate(account, Arc::new(certificate));
            gateway.release_held_refunds(account).await;
        }
        Err(errors) => {
            for error in errors.iter() {
                warn!(%account, %error, "the client certificate is not taken: the former one stays");
            }
            gateway.keep_certificate(account);
        }
    }
}

/// The certificate of one account.
struct Watched {
    account: AccountId,
    source: CertificateSource,
    /// The files as they were at the last look, and when they were read last.
    seen: Vec<Option<Stamp>>,
    read: Vec<Option<Stamp>>,
}

/// What differs once a file was replaced or written to: which one it is, and when it last changed, in seconds and nanoseconds.
type Stamp = (u64, i64, i64);

impl Watched {
    /// One in files is read at the first looks too, for it may have changed since the start.
    fn new(account: AccountId, source: CertificateSource) -> Self {
        Self { account, source, seen: Vec::new(), read: Vec::new() }
    }

    /// Reads it, if it has changed and changes no more, or if it is asked for.
    fn look(&mut self, is_asked: bool) -> Option<(AccountId, Result<ClientCertificate, ConfigErrors>)> {
        let stamp = |path| std::fs::metadata(path).ok().map(|file| (file.ino(), file.ctime(), file.ctime_nsec()));
        let now: Vec<_> = self.source.files().map(stamp).collect();
        let has_settled = std::mem::replace(&mut self.seen, now.clone()) == now;
        let is_new = has_settled && self.read != now;
        if !is_new && !is_asked {
            return None;
        }
        self.read = now;
        Some((self.account.clone(), self.source.read()))
    }
}
