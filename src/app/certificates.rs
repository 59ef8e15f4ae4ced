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
use crate::clock::Clock;
use crate::config::{AccountSettings, CertificateSettings, CertificateSource, ConfigErrors, Settings};
use crate::deal::{AccountId, BeijingTime, Timestamp};
use crate::gateway::Gateway;

/// Between two looks at the files. A change is read at the look after the one that saw it: the two halves of a pair are seldom
/// written at once.
const LOOK: Duration = Duration::from_secs(3);

/// The accounts that have client certificates.
pub struct Certificates {
    watched: Vec<Watched>,
    clock: Clock,
}

impl Certificates {
    /// Those of a configuration.
    pub fn of(settings: &Settings, clock: &Clock) -> Self {
        let watched = settings.all_accounts().filter_map(|account| Some(Watched::new(account, account.certificate.as_ref()?)));
        Self { watched: watched.collect(), clock: clock.clone() }
    }

    /// Sends what waited for a certificate that the service was started with; then reads again what has changed, and all of it when
    /// `reload` says so, until `stop`.
    pub async fn watch(self, gateway: Arc<Gateway>, reload: Arc<Notify>, stop: CancellationToken) {
        stop.run_until_cancelled(self.watch_on(&gateway, &reload)).await;
    }

    async fn watch_on(mut self, gateway: &Gateway, reload: &Notify) {
        for Watched { account, .. } in &self.watched {
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
                let read: Vec<_> = self.watched.iter_mut().map(|watched| watched.look(is_asked)).collect();
                (self, read)
            });
            // It does not panic; and without it the service goes on with the certificates that it has.
            let Ok((certificates, read)) = looked.await else { return };
            self = certificates;
            if is_asked {
                info!(accounts = self.watched.len(), "client certificates were read again");
            }
            let now = self.clock.now();
            for (watched, read) in self.watched.iter_mut().zip(read) {
                let Some(read) = read else { continue };
                let is_another = watched.take(gateway, read, now).await;
                if is_asked && is_another == Some(false) {
                    info!(account = %watched.account, "the client certificate that was read is the one in use: nothing has changed");
                }
            }
        }
    }
}

/// The certificate of one account.
struct Watched {
    account: AccountId,
    mch_id: String,
    source: CertificateSource,
    /// Until when the one in use is good.
    good_until: Timestamp,
    /// The files as they were at the last look, and when they were read last.
    seen: Vec<Option<Stamp>>,
    read: Vec<Option<Stamp>>,
}

/// What differs once a file was replaced or written to: which one it is, and when it last changed, in seconds and nanoseconds.
type Stamp = (u64, i64, i64);

impl Watched {
    /// One in files is read at the first looks too, for it may have changed since the start.
    fn new(account: &AccountSettings, settings: &CertificateSettings) -> Self {
        Self {
            account: account.merchant.account.clone(),
            mch_id: account.merchant.mch_id.clone(),
            source: settings.source.clone(),
            good_until: settings.certificate.not_after(),
            seen: Vec::new(),
            read: Vec::new(),
        }
    }

    /// Reads it, if it has changed and changes no more, or if it is asked for.
    fn look(&mut self, is_asked: bool) -> Option<Result<ClientCertificate, ConfigErrors>> {
        let stamp = |path| std::fs::metadata(path).ok().map(|file| (file.ino(), file.ctime(), file.ctime_nsec()));
        let now: Vec<_> = self.source.files().map(stamp).collect();
        let has_settled = std::mem::replace(&mut self.seen, now.clone()) == now;
        let is_new = has_settled && self.read != now;
        if !is_new && !is_asked {
            return None;
        }
        self.read = now;
        Some(self.source.read())
    }

    /// Has refunds asked for with what was read; whether it is another one than before. `None`: it cannot be used.
    async fn take(&mut self, gateway: &Gateway, read: Result<ClientCertificate, ConfigErrors>, now: Timestamp) -> Option<bool> {
        let account = &self.account;
        let certificate = match read {
            Ok(certificate) if certificate.not_after() < now && now <= self.good_until => {
                gateway.keep_certificate(account);
                let until = BeijingTime::from(certificate.not_after());
                warn!(%account, %until, "the client certificate is not taken, for it is expired: the former one stays");
                return None;
            }
            Ok(certificate) => certificate,
            Err(errors) => {
                for error in errors.iter() {
                    warn!(%account, %error, "the client certificate is not taken: the former one stays");
                }
                gateway.keep_certificate(account);
                return None;
            }
        };
        // That WeChat's do is seen and not documented.
        if !certificate.names(&self.mch_id) {
            let subject = certificate.subject();
            warn!(%account, subject, "the client certificate does not name the account's mch_id: is it another merchant number's?");
        }
        self.good_until = certificate.not_after();
        let is_another = gateway.show_certificate(account, Arc::new(certificate));
        gateway.release_held_refunds(account).await;
        Some(is_another)
    }
}
