//! Puts the service together, and takes it apart again in an order that loses nothing.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use tokio::net::{TcpListener, TcpSocket};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{info, warn};

use crate::auth::Auth;
use crate::chance::Chance;
use crate::clock::Clock;
use crate::config::{Settings, Wechat};
use crate::gateway::Gateway;
use crate::http::{self, App, HttpMetrics, Limits, Proxies, Shares};
use crate::listener;
use crate::simulator::Simulator;
use crate::store::{CONNECTIONS, Durability, Store, StoreError};
use crate::sweeper;
use crate::watcher;
use crate::wechat::{Client, Endpoints};

/// A database that starts together with the service may take a while.
const DATABASE_PATIENCE: Duration = Duration::from_secs(60);
/// For work that outlives its request, after the last connection is closed.
const LAST_WORK: Duration = Duration::from_millis(1500);

/// For Prometheus, another one beside it, and somebody who looks.
const METRICS_CONNECTIONS: usize = 16;

/// Why the service cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The address cannot be listened on.
    #[error("{address} cannot be listened on: {error}")]
    Listen {
        /// Which address.
        address: SocketAddr,
        /// What the system says.
        error: std::io::Error,
    },
    /// The database cannot be used.
    #[error("{0}")]
    Store(#[from] StoreError),
    /// The client for WeChat cannot be made.
    #[error("no HTTPS client can be made; are CA certificates installed?")]
    Client(#[from] reqwest::Error),
}

/// A running service, with its own WeChat if no real one is configured.
#[derive(Debug)]
pub struct Service {
    /// Where it listens.
    pub address: SocketAddr,
    /// Where metrics are shown, if they are.
    pub metrics_address: Option<SocketAddr>,
    /// Where the simulator listens, and the simulator itself.
    pub simulator: Option<(SocketAddr, Simulator)>,
    /// Whether there is a demo shop.
    pub has_shop: bool,
    /// The service behind the listener.
    pub gateway: Arc<Gateway>,
    stop: CancellationToken,
    stop_simulator: CancellationToken,
    work: TaskTracker,
    servers: Vec<JoinHandle<()>>,
}

impl Service {
    /// Starts serving.
    pub async fn start(settings: Settings, clock: Clock, chance: Chance) -> Result<Self, StartError> {
        let listener = listen(settings.server.listen)?;
        let address = local_address(&listener, settings.server.listen);
        let stop_simulator = CancellationToken::new();
        let mut servers = Vec::new();
        let (wechat, simulator) = match settings.wechat {
            Some(wechat) => (wechat, None),
            None => {
                let listener = listen(settings.simulator.listen)?;
                let simulator_address = local_address(&listener, settings.simulator.listen);
                let mut merchant = settings.simulator.merchant;
                if merchant.notify_url.is_empty() {
                    merchant.notify_url = format!("http://{}/wxPay/notify", reachable(address));
                }
                let anywhere = simulator_address.ip().is_loopback();
                let simulator = Simulator::new(&merchant, clock.clone(), chance.clone(), settings.simulator.time_scale, anywhere)?;
                servers.push(tokio::spawn(simulator.clone().serve(listener, stop_simulator.clone())));
                #[expect(clippy::expect_used, reason = "an address makes a URL")]
                let primary = format!("http://{}", reachable(simulator_address)).parse().expect("a URL");
                (Wechat { merchant, endpoints: Endpoints { primary, backup: None } }, Some((simulator_address, simulator)))
            }
        };
        let instance = chance.nonce()[..8].to_owned();
        let store = open_store(&settings.database, &instance, settings.largest_batch, &clock).await?;
        info!(instance, "this instance's name in the journal");
        warn_of_weakness(&store, settings.accept_weak_durability, &clock).await;
        if wechat.merchant.previous_key.is_some() {
            warn!("the previous API key is still believed: take it out of the configuration when WeChat signs with it no more");
        }
        let client = Client::new(wechat.merchant, wechat.endpoints, chance.clone())?;
        let stop = CancellationToken::new();
        let work = TaskTracker::new();
        let gateway = Arc::new(Gateway::new(store, client, clock, chance, settings.terms));
        if settings.sweep_calls_per_second > 0 {
            work.spawn(sweeper::run(Arc::clone(&gateway), settings.sweep_calls_per_second, stop.clone()));
        }
        work.spawn(watcher::run(Arc::clone(&gateway), stop.clone()));
        // The shop names prices and lists orders to everybody, which is what the mode `open` is for.
        let has_shop = simulator.is_some() && matches!(settings.auth, Auth::Open);
        let app = Arc::new(App {
            gateway: Arc::clone(&gateway),
            proxies: Proxies { trusted: settings.server.trusted_proxies.clone(), header: settings.server.client_ip_header.clone() },
            auth: settings.auth,
            notify_sources: settings.notify_sources,
            max_price: settings.max_price,
            limits: Limits::new(settings.limits.per_address, settings.limits.per_merchant),
            shares: Shares::new(settings.server.max_connections),
            metrics: HttpMetrics::default(),
            page: settings.page,
            accept_weak_durability: settings.accept_weak_durability,
            phone: simulator.as_ref().filter(|_| has_shop).map(|(address, _)| page_of(*address)),
            instance,
            work: work.clone(),
            stopping: stop.clone(),
        });
        let mut metrics_address = None;
        if let Some(configured) = settings.metrics_listen {
            let listener = listen(configured)?;
            metrics_address = Some(local_address(&listener, configured));
            let router = http::metrics_router(Arc::clone(&app));
            servers.push(tokio::spawn(listener::serve(listener, router, METRICS_CONNECTIONS, stop.clone())));
        }
        let router = http::router(app, &settings.server);
        servers.push(tokio::spawn(listener::serve(listener, router, settings.server.max_connections, stop.clone())));
        Ok(Self { address, metrics_address, simulator, has_shop, gateway, stop, stop_simulator, work, servers })
    }

    /// Takes no more connections, finishes what is in hand, and returns within 10 s.
    pub async fn stop(self) {
        self.stop.cancel();
        // The service first: what it has in hand may still ask the simulator.
        let mut servers = self.servers.into_iter().rev();
        if let Some(service) = servers.next() {
            let _ = service.await;
        }
        self.work.close();
        if timeout(LAST_WORK, self.work.wait()).await.is_err() {
            warn!(left = self.work.len(), "work is left undone; what it was to store will be learned again from WeChat");
        }
        self.stop_simulator.cancel();
        for server in servers {
            let _ = timeout(Duration::from_millis(200), server).await;
        }
    }
}

/// Runs the simulator alone until `stop`.
pub async fn run_simulator(
    settings: Settings,
    clock: Clock,
    chance: Chance,
    stop: CancellationToken,
) -> Result<(SocketAddr, JoinHandle<()>), StartError> {
    let listener = listen(settings.simulator.listen)?;
    let address = local_address(&listener, settings.simulator.listen);
    let anywhere = address.ip().is_loopback();
    let simulator = Simulator::new(&settings.simulator.merchant, clock, chance, settings.simulator.time_scale, anywhere)?;
    Ok((address, tokio::spawn(simulator.serve(listener, stop))))
}

/// Opens the store; one that cannot be reached yet gets a minute, one that is wrong gets none.
async fn open_store(url: &crate::store::DatabaseUrl, instance: &str, largest_batch: usize, clock: &Clock) -> Result<Store, StoreError> {
    let started = Instant::now();
    loop {
        match Store::open(url, instance, largest_batch, clock.now()).await {
            Err(error @ StoreError::Unavailable(_)) if started.elapsed() < DATABASE_PATIENCE => {
                warn!(%error, "waiting for the database");
                sleep(Duration::from_secs(1)).await;
            }
            opened => return opened,
        }
    }
}

/// Clocks that differ by more than this cost double or late looks; nothing is lost by it, for every change is guarded.
const TOLERABLE_SKEW: TimeDelta = TimeDelta::seconds(5);

/// Says what of the database's set-up could hurt later.
async fn warn_of_weakness(store: &Store, accepted: bool, clock: &Clock) {
    const RISK: &str = "a crash of the database's machine could lose acknowledged payments";
    // What cannot be asked now shows itself soon enough.
    let Ok(condition) = store.condition().await else { return };
    match condition.durability {
        Durability::Weak(value) => {
            let consequence = if accepted { "accepted by configuration" } else { "not ready until it is 1" };
            warn!(innodb_flush_log_at_trx_commit = value, consequence, "{RISK}");
        }
        Durability::LooseBinlog(value) => warn!(sync_binlog = value, "{RISK}: set it to 1"),
        Durability::Full => {}
    }
    let needed = i64::try_from(CONNECTIONS).unwrap_or(i64::MAX);
    if let Some(max_connections) = condition.connections.filter(|allowed| *allowed <= needed) {
        warn!(max_connections, needed, "the database allows fewer connections than each instance of this service keeps");
    }
    if let Some(skew) = condition.clock.map(|theirs| theirs - clock.now()).filter(|skew| skew.abs() > TOLERABLE_SKEW) {
        warn!(seconds = skew.num_seconds(), "the database's clock is ahead of this machine's (behind, if negative): check NTP on both");
    }
}

fn listen(address: SocketAddr) -> Result<TcpListener, StartError> {
    let bind = || {
        let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
        socket.set_reuseaddr(true)?;
        socket.bind(address)?;
        socket.listen(listener::BACKLOG)
    };
    bind().map_err(|error| StartError::Listen { address, error })
}

fn local_address(listener: &TcpListener, configured: SocketAddr) -> SocketAddr {
    listener.local_addr().unwrap_or(configured)
}

/// The address under which this machine reaches a listener of its own.
pub fn reachable(address: SocketAddr) -> SocketAddr {
    match address {
        SocketAddr::V4(v4) if v4.ip().is_unspecified() => SocketAddr::from(([127, 0, 0, 1], v4.port())),
        SocketAddr::V6(v6) if v6.ip().is_unspecified() => SocketAddr::from(([0, 0, 0, 0, 0, 0, 0, 1], v6.port())),
        other => other,
    }
}

/// For the database, WeChat, files and logs, beside the connections of callers.
const OTHER_FILES: u64 = 500;

/// Lets the process have a file descriptor for every connection that it may serve: many systems start a service with
/// 1,024 and allow far more for the asking.
pub fn allow_connections(server: &crate::config::ServerSettings) {
    let wanted = u64::try_from(server.max_connections).unwrap_or(u64::MAX).saturating_add(OTHER_FILES);
    match rlimit::increase_nofile_limit(wanted) {
        Ok(allowed) if allowed >= wanted => {}
        Ok(allowed) => {
            warn!(allowed, wanted, "fewer file descriptors than connections: raise LimitNOFILE, or lower server.max_connections")
        }
        Err(error) => warn!(%error, wanted, "the limit of file descriptors is unknown"),
    }
}

/// The page at the root of a listener of our own.
fn page_of(address: SocketAddr) -> String {
    format!("http://{}/", reachable(address))
}

/// Says what is running, and where to look.
pub fn announce(service: &Service) {
    info!(address = %service.address, "serving");
    if let Some(address) = service.metrics_address {
        info!(%address, "showing metrics");
    }
    if let Some((address, _)) = &service.simulator {
        warn!("no WeChat credentials are configured: the built-in simulator is WeChat and no money moves");
        match service.has_shop {
            true => info!("open the shop at {} and the phone at {}", page_of(service.address), page_of(*address)),
            false => info!("open the phone at {}; the shop is closed, for auth.mode is not open", page_of(*address)),
        }
    }
}
