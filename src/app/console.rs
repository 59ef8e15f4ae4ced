//! The console's listener, and the user of a demonstration.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::auth::PasswordHash;
use crate::chance::Chance;
use crate::config::{ConsoleUser, Settings};
use crate::console::{self, Console, Entry, Exports};
use crate::deal::Role;
use crate::gateway::Gateway;
use crate::listener;

use super::{StartError, listen, local_address, page_of, proxies};

/// The user of a demonstration.
pub const DEMO: &str = "demo";
/// Where a demonstration's console is, unless another address is configured.
const ADDRESS: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 8363);
/// Of the people of one merchant, whose browsers keep some open.
const CONNECTIONS: usize = 256;

/// Where the console is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsolePlace {
    /// Its address.
    pub address: SocketAddr,
    /// The password of the user `demo`, if it was drawn at this start.
    pub password: Option<String>,
}

impl ConsolePlace {
    /// Its first page.
    pub fn url(&self) -> String {
        page_of(self.address)
    }

    /// What this instance calls itself where its sessions are kept: host and address.
    pub fn known_as(&self) -> String {
        let system = rustix::system::uname();
        let host: String = system.nodename().to_string_lossy().chars().take(64).collect();
        format!("{host} {}", self.address)
    }
}

/// What a demonstration has of a console.
pub enum Demonstrated {
    /// It listens.
    Listens(ConsoleListener),
    /// Another program is where it would be.
    Missing(StartError),
    /// WeChat is no simulator, so this is no demonstration.
    None,
}

/// The console, before it is served.
pub struct ConsoleListener {
    /// Where it is.
    pub place: ConsolePlace,
    listener: TcpListener,
}

impl ConsoleListener {
    /// Listens where it is configured; `None`: nowhere.
    pub fn open(settings: &Settings) -> Result<Option<Self>, StartError> {
        let Some(configured) = settings.console.listen else { return Ok(None) };
        let listener = listen("console.listen", configured)?;
        let place = ConsolePlace { address: local_address(&listener, configured), password: None };
        Ok(Some(Self { place, listener }))
    }

    /// The same where the simulator is WeChat, with a user of its own, and at an address of its own where none is configured: a
    /// demonstration does without when another program is there.
    pub fn demonstrate(settings: &mut Settings, chance: &Chance) -> Result<Demonstrated, StartError> {
        if !settings.is_simulated() {
            return Ok(Demonstrated::None);
        }
        let configured = settings.console.listen;
        let listener = match listen("console.listen", configured.unwrap_or(ADDRESS)) {
            Ok(listener) => listener,
            Err(error) if configured.is_none() => return Ok(Demonstrated::Missing(error)),
            Err(error) => return Err(error),
        };
        let address = local_address(&listener, configured.unwrap_or(ADDRESS));
        let password = draw_user(settings, chance);
        Ok(Demonstrated::Listens(Self { place: ConsolePlace { address, password }, listener }))
    }

    /// Serves until `stop`.
    pub fn serve(self, settings: &Settings, gateway: &Arc<Gateway>, work: &TaskTracker, stop: CancellationToken) -> JoinHandle<()> {
        let console = Console {
            gateway: Arc::clone(gateway),
            settings: settings.console.clone(),
            proxies: proxies(settings),
            is_simulated: settings.is_simulated(),
            place: self.place.known_as(),
            entry: Entry::default(),
            exports: Exports::default(),
            work: work.clone(),
        };
        tokio::spawn(listener::serve(self.listener, console::router(Arc::new(console)), CONNECTIONS, stop))
    }
}

/// Adds the user of a demonstration with a new password, unless the configuration has one of this name.
fn draw_user(settings: &mut Settings, chance: &Chance) -> Option<String> {
    if settings.console.user(DEMO).is_some() {
        return None;
    }
    let password = chance.nonce()[..12].to_owned();
    let hash = PasswordHash::of(&password, chance)?;
    settings.console.users.push(ConsoleUser { name: DEMO.to_owned(), password: hash, role: Role::Admin, totp: None });
    Some(password)
}
