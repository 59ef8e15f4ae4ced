//! The section `simulator`: the built-in WeChat.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;

use serde::Deserialize;

use crate::language::{Text, pair};
use crate::simulator::SimMerchant;

use super::account::AccountSettings;
use super::checks::address;
use super::mistakes::{ConfigErrors, Mistakes};
use super::simulator_merchants::{RawMerchant, simulated};
use super::table::{Shown, plain};

/// The built-in WeChat.
#[derive(Debug, Clone)]
pub struct SimulatorSettings {
    /// Address and port.
    pub listen: SocketAddr,
    /// Where it listens with TLS and client certificates, and where these are kept.
    pub tls: Option<(SocketAddr, PathBuf)>,
    /// How many times faster than WeChat it repeats notifications.
    pub time_scale: u32,
    /// The merchants it knows: one an account, and those that are configured for it alone.
    pub merchants: Vec<SimMerchant>,
    /// Whether it may decide about a database that a real service could have.
    pub accept_database: bool,
    /// What tells that this is meant to be a real service, and that its credentials are missing.
    pub forbidden_by: Vec<Text>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawSimulator {
    listen: String,
    tls_listen: String,
    tls_dir: PathBuf,
    pub time_scale: u32,
    pub accept_database: bool,
    merchants: BTreeMap<String, RawMerchant>,
}

impl RawSimulator {
    /// Where it listens.
    pub fn validate(&self) -> Result<SocketAddr, ConfigErrors> {
        let mut mistakes = Mistakes::default();
        mistakes.check(self.time_scale > 0, "simulator.time_scale", pair("at least 1", "至少为 1"));
        let listen = mistakes.take(address("simulator.listen", &self.listen));
        mistakes.or_else(listen)
    }

    /// Where it listens with TLS, if it does, and the folder of the certificates.
    pub fn tls(&self) -> Result<Option<(SocketAddr, PathBuf)>, ConfigErrors> {
        let mut mistakes = Mistakes::default();
        let listen = Some(&self.tls_listen).filter(|listen| !listen.is_empty());
        let listen = mistakes.take(listen.map(|listen| address("simulator.tls_listen", listen)).transpose());
        mistakes.or_else(listen.map(|listen| listen.map(|listen| (listen, self.tls_dir.clone()))))
    }

    /// The merchants it knows beside these accounts.
    pub fn merchants<'a>(&self, accounts: impl Iterator<Item = &'a AccountSettings>) -> Result<Vec<SimMerchant>, ConfigErrors> {
        simulated(accounts, &self.merchants)
    }

    pub fn shown_merchants(&self) -> impl Iterator<Item = (String, Shown)> {
        self.merchants.iter().flat_map(|(name, merchant)| merchant.shown(name))
    }

    pub fn shown(&self) -> Vec<(&'static str, Shown)> {
        vec![
            ("simulator.listen", plain(&self.listen)),
            ("simulator.tls_listen", plain(&self.tls_listen)),
            ("simulator.tls_dir", plain(self.tls_dir.display())),
            ("simulator.time_scale", plain(self.time_scale)),
            ("simulator.accept_database", plain(self.accept_database)),
        ]
    }
}
