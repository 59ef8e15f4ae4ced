//! Dependency wiring: the gateway is put together from what is configured, on a store that is not open.

use std::net::SocketAddr;

use crate::chance::Chance;
use crate::channel::wechat::v2::Endpoints;
use crate::clock::Clock;
use crate::config::Settings;
use crate::gateway::Gateway;
use crate::store::Store;

use super::{accounts, reachable};

/// `simulator`: where WeChat is for accounts that have no other; `service`: where notifications are taken for those.
pub fn gateway(
    settings: &Settings,
    simulator: SocketAddr,
    service: SocketAddr,
    clock: Clock,
    chance: Chance,
) -> Result<Gateway, reqwest::Error> {
    let own = format!("http://{}/wxPay/notify", reachable(service));
    let accounts = accounts::open(settings, &endpoints_at(simulator), &own, &chance)?;
    Ok(Gateway::new(Store::closed(), accounts, clock, chance, settings.terms.clone()))
}

/// A new name for the journal.
pub fn instance(chance: &Chance) -> String {
    chance.nonce()[..8].to_owned()
}

/// WeChat at an address of this machine.
fn endpoints_at(address: SocketAddr) -> Endpoints {
    #[expect(clippy::expect_used, reason = "an address makes a URL")]
    let primary = format!("http://{}", reachable(address)).parse().expect("a URL");
    Endpoints { primary, backup: None, proxy: None }
}
