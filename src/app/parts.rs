//! Dependency wiring: the gateway is put together from what is configured, on a store that is not open.

use std::net::SocketAddr;
use std::sync::Arc;

use crate::chance::Chance;
use crate::channel::wechat::v2::{Endpoints, NoClient};
use crate::clock::Clock;
use crate::config::{CertificateSettings, Settings};
use crate::gateway::Gateway;
use crate::store::Store;
use crate::trust::ExtraRoots;

use super::{accounts, reachable};

/// `simulator`: where WeChat is for accounts that have no other; `service`: where notifications are taken for those.
pub fn gateway(settings: &Settings, simulator: SocketAddr, service: SocketAddr, clock: Clock, chance: Chance) -> Result<Gateway, NoClient> {
    let own = format!("http://{}/wxPay/notify", reachable(service));
    let accounts = accounts::open(settings, &endpoints_at(simulator), &own, &chance)?;
    let gateway = Gateway::new(Store::closed(), accounts, Vec::new(), clock, chance, settings.terms.clone());
    for account in settings.all_accounts() {
        if let Some(CertificateSettings { certificate, .. }) = &account.certificate {
            gateway.show_certificate(&account.merchant.account, Arc::clone(certificate));
        }
    }
    Ok(gateway)
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
