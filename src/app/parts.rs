//! Dependency wiring: the gateway is put together from what is configured, on a store that is not open.

use std::net::SocketAddr;
use std::sync::Arc;

use crate::chance::Chance;
use crate::channel::wechat::v2::{Endpoints, NoClient};
use crate::clock::Clock;
use crate::config::{CertificateSettings, Settings};
use crate::gateway::{Gateway, Terms};
use crate::store::Store;
use crate::trust::ExtraRoots;

use super::{accounts, endpoints, reachable};

/// Where this service listens.
pub struct Listeners {
    /// For callers; where notifications are taken for accounts that have no other URL.
    pub service: SocketAddr,
    /// For Prometheus.
    pub metrics: Option<SocketAddr>,
    /// For people, if there is one.
    pub console: Option<SocketAddr>,
    /// The simulator's, where WeChat is for accounts that have no other.
    pub simulator: SocketAddr,
}

impl Listeners {
    /// As configured.
    pub fn configured(settings: &Settings) -> Self {
        let (metrics, console) = (settings.metrics_listen, settings.console.listen);
        Self { service: settings.server.listen, metrics, console, simulator: settings.simulator.listen }
    }

    /// Those that there are.
    pub fn all(&self, settings: &Settings) -> Vec<SocketAddr> {
        let tls = settings.simulator.tls.as_ref().map(|(listen, _)| *listen);
        let simulated = [Some(self.simulator), tls].into_iter().flatten().filter(|_| settings.is_simulated());
        [Some(self.service), self.metrics, self.console].into_iter().flatten().chain(simulated).collect()
    }
}

/// The gateway of a service that listens there.
pub fn gateway(settings: &Settings, listeners: &Listeners, clock: Clock, chance: Chance) -> Result<Gateway, NoClient> {
    let own = format!("http://{}/wxPay/notify", reachable(listeners.service));
    let accounts = accounts::open(settings, &endpoints_at(listeners.simulator), &own, &chance)?;
    let endpoints = endpoints::open(settings, &listeners.all(settings))?;
    let store = Store::closed().telling(endpoints::audience(settings));
    let gateway = Gateway::new(store, accounts, endpoints, clock, chance, terms(settings, listeners.service));
    for account in settings.all_accounts() {
        if let Some(CertificateSettings { certificate, .. }) = &account.certificate {
            gateway.show_certificate(&account.merchant.account, Arc::clone(certificate));
        }
    }
    Ok(gateway)
}

/// With an address at which this machine's browsers reach a service that is only tried.
fn terms(settings: &Settings, service: SocketAddr) -> Terms {
    let mut terms = settings.terms.clone();
    if terms.site.url.is_empty() && settings.is_simulated() {
        terms.site.url = format!("http://{}", reachable(service));
    }
    terms
}

/// A new name for the journal.
pub fn instance(chance: &Chance) -> String {
    chance.nonce()[..8].to_owned()
}

/// WeChat at an address of this machine.
fn endpoints_at(address: SocketAddr) -> Endpoints {
    #[expect(clippy::expect_used, reason = "an address makes a URL")]
    let primary = format!("http://{}", reachable(address)).parse().expect("a URL");
    Endpoints { primary, backup: None, proxy: None, extra_roots: ExtraRoots::default() }
}
