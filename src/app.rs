//! Start and graceful shutdown: the service is put together, and taken apart again in an order that loses nothing.

mod accounts;
mod certificates;
mod console;
mod demo_shop;
mod endpoints;
mod kept_orders;
mod opening;
mod parts;

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{info, warn};

use crate::auth::Mode;
use crate::bookkeeper;
use crate::chance::Chance;
use crate::channel::wechat::v2::NoClient;
use crate::clock::Clock;
use crate::config::{ConfigError, Settings, SimulatorSettings};
use crate::gateway::{Gateway, most_under_way};
use crate::handshake;
use crate::http::{self, App, HttpMetrics, Limits, Shares};
use crate::listener::{self, Proxies};
use crate::pruner;
use crate::simulator::{CertificateError, Simulator};
use crate::store::StoreError;
use crate::sweeper;
use crate::teller;
use crate::watcher;
use crate::webhook::Endpoint;

use certificates::Certificates;
pub use console::ConsolePlace;
use console::{ConsoleListener, Demonstrated};
use demo_shop::DemoShop;
use kept_orders::KeptOrders;
use parts::Listeners;

/// For work that outlives its request, after the last connection is closed.
const LAST_WORK: Duration = Duration::from_millis(1500);

/// For the end of the logins to the console.
const LAST_SESSIONS: Duration = Duration::from_millis(300);

/// For Prometheus, another one beside it, and an operator that looks.
const METRICS_CONNECTIONS: usize = 16;

/// Why the service cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Without credentials the simulator would be WeChat, and this looks like a service that is meant to have them.
    #[error("{0}")]
    Simulator(#[from] ConfigError),
    /// Without credentials, on a database in which another merchant's deals stand.
    #[error(
        "{0} holds deals of the merchant number {1}, and no WeChat credentials are configured: the simulator, whose key is published, \
         would decide about them. Set wechat.appid, wechat.mch_id and wechat.api_key, or another database.url; or, for a database of \
         tests, simulator.accept_database = true"
    )]
    OthersDeals(String, String),
    /// The address cannot be listened on.
    #[error("{key}: {address} cannot be listened on: {error}{}", listen_hint(.error))]
    Listen {
        /// By which key of the configuration.
        key: &'static str,
        /// Which address.
        address: SocketAddr,
        /// What the system says.
        error: std::io::Error,
    },
    /// The database cannot be used.
    #[error("{0}")]
    Store(#[from] StoreError),
    /// The simulator's certificates cannot be had.
    #[error("simulator.tls_dir: {0}")]
    Certificates(#[from] CertificateError),
    /// The simulator's certificate and its key do not fit.
    #[error("simulator.tls_dir: {0}")]
    Tls(#[from] rustls::Error),
    /// The client for WeChat cannot be made.
    #[error("no HTTPS client can be made; are CA certificates installed?")]
    Client(#[from] NoClient),
}

fn listen_hint(error: &std::io::Error) -> &'static str {
    match error.kind() {
        ErrorKind::AddrInUse => "; another program has it (`ss -ltnp` tells which), perhaps this service itself",
        ErrorKind::AddrNotAvailable => "; it is no address of this machine",
        ErrorKind::PermissionDenied => "; ports below 1024 are the system's: take a higher one, behind a proxy",
        _ => "",
    }
}

/// A running service, with its own WeChat if no real one is configured.
#[derive(Debug)]
pub struct Service {
    /// Where it listens.
    pub address: SocketAddr,
    /// Where metrics are shown, if they are.
    pub metrics_address: Option<SocketAddr>,
    /// Where the console is, if there is one.
    pub console: Option<ConsolePlace>,
    /// Why a demonstration has none.
    no_console: Option<StartError>,
    /// Where the simulator listens, and the simulator itself.
    pub simulator: Option<(SocketAddr, Simulator)>,
    /// Whether there is a demo shop.
    pub has_shop: bool,
    /// The service behind the listener.
    pub gateway: Arc<Gateway>,
    /// This instance's name in the journal.
    instance: String,
    reload: Arc<Notify>,
    stop: CancellationToken,
    stop_simulator: CancellationToken,
    kept_orders: Option<KeptOrders>,
    work: TaskTracker,
    servers: Vec<JoinHandle<()>>,
}

/// The addresses of a demonstration's pages.
#[derive(Debug, PartialEq, Eq)]
pub struct Places {
    /// The demo shop, if there is one.
    pub shop: Option<String>,
    /// The payer's phone.
    pub phone: String,
    /// The description of the API.
    pub docs: String,
    /// The console, if there is one, with the user that was made for it.
    pub console: Option<ConsolePlace>,
}

/// What a demonstration has beside the service.
struct Demonstration {
    shop: Option<DemoShop>,
    console: Demonstrated,
    keeps_simulator: bool,
}

impl Service {
    /// Starts serving. From the first moment on callers are answered, as long as the database is not open as if it were away;
    /// this returns when it is open.
    pub async fn start(settings: Settings, clock: Clock, chance: Chance) -> Result<Self, StartError> {
        Self::start_with(settings, Demonstration { shop: None, console: Demonstrated::None, keeps_simulator: false }, clock, chance).await
    }

    /// The same; and where there is a demo shop, it has a back end of its own that is told of payments, and where the simulator is WeChat
    /// for a database in a file, its orders survive a restart as well.
    pub async fn demonstrate(mut settings: Settings, clock: Clock, chance: Chance) -> Result<Self, StartError> {
        let shop = DemoShop::open(&mut settings, &clock, &chance)?;
        let console = ConsoleListener::demonstrate(&mut settings, &chance)?;
        Self::start_with(settings, Demonstration { shop, console, keeps_simulator: true }, clock, chance).await
    }

    async fn start_with(settings: Settings, demonstration: Demonstration, clock: Clock, chance: Chance) -> Result<Self, StartError> {
        settings.may_simulate()?;
        endpoints::warn_of_previous_secrets(&settings);
        let service = Self::answer(&settings, demonstration, clock.clone(), chance)?;
        if let Err(error) = opening::open(service.gateway.store(), &settings, &service.instance, &clock).await {
            service.servers.iter().for_each(JoinHandle::abort);
            return Err(error);
        }
        service.gateway.measure_clock().await;
        service.end_sessions().await;
        endpoints::resume(&service.gateway).await;
        if settings.sweep_calls_per_second > 0 {
            service.work.spawn(sweeper::run(Arc::clone(&service.gateway), settings.sweep_calls_per_second, service.stop.clone()));
        }
        service.work.spawn(teller::run(Arc::clone(&service.gateway), service.stop.clone()));
        service.work.spawn(pruner::run(Arc::clone(&service.gateway), settings.keep_events, service.stop.clone()));
        if settings.bill_enabled {
            service.work.spawn(bookkeeper::run(Arc::clone(&service.gateway), service.stop.clone()));
        }
        service.work.spawn(watcher::run(Arc::clone(&service.gateway), service.stop.clone()));
        let certificates = Certificates::of(&settings, &clock);
        service.work.spawn(certificates.watch(Arc::clone(&service.gateway), Arc::clone(&service.reload), service.stop.clone()));
        Ok(service)
    }

    /// The service with all its listeners, on a store that is not open.
    fn answer(settings: &Settings, demonstration: Demonstration, clock: Clock, chance: Chance) -> Result<Self, StartError> {
        let Demonstration { shop, console, keeps_simulator } = demonstration;
        let listener = listen("server.listen", settings.server.listen)?;
        let address = local_address(&listener, settings.server.listen);
        let stop_simulator = CancellationToken::new();
        let mut servers = Vec::new();
        let (mut simulator, mut kept_orders) = (None, None);
        if settings.is_simulated() {
            let (listener, address, simulated) = simulator_of(settings, clock.clone(), chance.clone())?;
            serve_tls(&simulated, settings, &stop_simulator)?;
            kept_orders = keeps_simulator.then(|| KeptOrders::open(&simulated, settings)).flatten();
            servers.push(tokio::spawn(simulated.clone().serve(listener, stop_simulator.clone())));
            simulator = Some((address, simulated));
        }
        let metrics =
            settings.metrics_listen.map(|configured| listen("metrics.listen", configured).map(|it| (local_address(&it, configured), it)));
        let metrics = metrics.transpose()?;
        let metrics_address = metrics.as_ref().map(|(address, _)| *address);
        let (console, no_console) = match console {
            Demonstrated::Listens(console) => (Some(console), None),
            Demonstrated::Missing(error) => (None, Some(error)),
            Demonstrated::None => (ConsoleListener::open(settings)?, None),
        };
        let console_address = console.as_ref().map(|console| console.place.address);
        let simulator_address = simulator.as_ref().map_or(settings.simulator.listen, |(address, _)| *address);
        let instance = parts::instance(&chance);
        let listeners = Listeners { service: address, metrics: metrics_address, console: console_address, simulator: simulator_address };
        let gateway = Arc::new(parts::gateway(settings, &listeners, clock, chance)?);
        let handshake = handshake::Key::derive(|purpose| settings.wechat.merchant.signer.derived_key(purpose));
        let stop = CancellationToken::new();
        let work = TaskTracker::new();
        let has_shop = has_shop(settings);
        let app = Arc::new(App {
            gateway: Arc::clone(&gateway),
            proxies: proxies(settings),
            auth: settings.auth.clone(),
            notify_sources: settings.notify_sources.clone(),
            max_price: settings.max_price,
            limits: Limits::new(settings.limits.per_address, settings.limits.per_merchant),
            shares: Shares::new(settings.server.max_connections),
            metrics: HttpMetrics::default(),
            page: settings.page.clone(),
            accept_weak_durability: settings.accept_weak_durability,
            phone: simulator.as_ref().filter(|_| has_shop).map(|(address, _)| page_of(*address)),
            shop: shop.as_ref().map(|shop| Arc::clone(&shop.back_end)),
            handshake,
            instance: instance.clone(),
            work: work.clone(),
            stopping: stop.clone(),
        });
        // It stands for a program of the merchant's, which is there a little longer than this one.
        servers.extend(shop.map(|shop| shop.serve(stop_simulator.clone())));
        if let Some((_, listener)) = metrics {
            let router = http::metrics_router(Arc::clone(&app));
            servers.push(tokio::spawn(listener::serve(listener, router, METRICS_CONNECTIONS, stop.clone())));
        }
        let console = console.map(|console| {
            let place = console.place.clone();
            servers.push(console.serve(settings, &gateway, &work, stop.clone()));
            place
        });
        let router = http::router(app, &settings.server);
        servers.push(tokio::spawn(listener::serve(listener, router, settings.server.max_connections, stop.clone())));
        let reload = Arc::default();
        Ok(Self {
            address,
            metrics_address,
            console,
            no_console,
            simulator,
            has_shop,
            gateway,
            instance,
            reload,
            stop,
            stop_simulator,
            kept_orders,
            work,
            servers,
        })
    }

    /// Has the simulated merchant platform (商户平台) tell this service of refunds by hand, as a merchant would set it there.
    pub fn hear_of_refunds_by_hand(&self) {
        if let Some((_, simulator)) = &self.simulator {
            simulator.world().habits.refund_notify_url = format!("http://{}/wxPay/refundNotify", reachable(self.address));
        }
    }

    /// Where a person who tries the service goes on; `None`: WeChat is no simulator, so there is money in it.
    pub fn places(&self) -> Option<Places> {
        let (phone, _) = self.simulator.as_ref()?;
        let own = page_of(self.address);
        Some(Places {
            docs: format!("{own}docs"),
            console: self.console.clone(),
            shop: self.has_shop.then_some(own),
            phone: page_of(*phone),
        })
    }

    /// Ends the logins of before: whoever has taken this service down meant that, too.
    async fn end_sessions(&self) {
        end_sessions(&self.gateway, self.console.as_ref()).await;
    }

    /// Reads the client certificates again, soon.
    pub fn reload_certificates(&self) {
        self.reload.notify_one();
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
        let _ = timeout(LAST_SESSIONS, end_sessions(&self.gateway, self.console.as_ref())).await;
        self.stop_simulator.cancel();
        for server in servers {
            let _ = timeout(Duration::from_millis(200), server).await;
        }
        if let Some(kept_orders) = self.kept_orders {
            kept_orders.stop().await;
        }
    }
}

async fn end_sessions(gateway: &Gateway, console: Option<&ConsolePlace>) {
    if let Some(console) = console {
        gateway.end_sessions_at(&console.known_as()).await;
    }
}

fn proxies(settings: &Settings) -> Proxies {
    Proxies { trusted: settings.server.trusted_proxies.clone(), header: settings.server.client_ip_header.clone() }
}

/// Runs the simulator alone until `stop`.
pub async fn run_simulator(
    settings: Settings,
    clock: Clock,
    chance: Chance,
    stop: CancellationToken,
) -> Result<(SocketAddr, JoinHandle<()>), StartError> {
    let (listener, address, simulator) = simulator_of(&settings, clock, chance)?;
    serve_tls(&simulator, &settings, &stop)?;
    Ok((address, tokio::spawn(simulator.serve(listener, stop))))
}

/// The configured simulator, with its listener.
fn simulator_of(settings: &Settings, clock: Clock, chance: Chance) -> Result<(TcpListener, SocketAddr, Simulator), StartError> {
    let SimulatorSettings { listen: configured, merchants, time_scale, .. } = &settings.simulator;
    let listener = listen("simulator.listen", *configured)?;
    let address = local_address(&listener, *configured);
    let anywhere = address.ip().is_loopback();
    let simulator = Simulator::with_merchants(merchants.clone(), clock, chance, *time_scale, anywhere).map_err(NoClient::Http)?;
    Ok((listener, address, simulator))
}

/// Lets the simulator listen with TLS too, where that is configured. The task ends with `stop`.
fn serve_tls(simulator: &Simulator, settings: &Settings, stop: &CancellationToken) -> Result<(), StartError> {
    let Some((address, folder)) = &settings.simulator.tls else { return Ok(()) };
    let listener = listen("simulator.tls_listen", *address)?;
    info!(address = %local_address(&listener, *address), folder = %folder.display(), "simulating WeChat with TLS");
    let certificates = simulator.certificates(folder)?;
    tokio::spawn(simulator.serve_tls(listener, certificates, stop.clone())?);
    Ok(())
}

/// The gateway without a listener, on the database and the WeChat of the configuration: for a tool of the command line, beside a
/// service that runs or without one.
///
/// # Errors
/// The database cannot be opened, or the simulator would be WeChat and may not.
pub async fn open_gateway(settings: &Settings, clock: Clock, chance: Chance) -> Result<Gateway, StartError> {
    settings.may_simulate()?;
    let instance = parts::instance(&chance);
    let gateway = parts::gateway(settings, &Listeners::configured(settings), clock.clone(), chance)?;
    opening::try_to_open(gateway.store(), settings, &instance, &clock).await?;
    gateway.measure_clock().await;
    Ok(gateway)
}

/// The merchant's endpoints, as a service of this configuration would reach them: for a tool of the command line.
///
/// # Errors
/// No HTTPS client can be made.
pub fn open_endpoints(settings: &Settings) -> Result<Vec<Endpoint>, StartError> {
    let listeners = Listeners::configured(settings).all(settings);
    endpoints::open(settings, &listeners).map_err(|error| NoClient::from(error).into())
}

/// The shop names prices and lists orders to every visitor, which is what the mode `open` is for.
fn has_shop(settings: &Settings) -> bool {
    settings.is_simulated() && matches!(settings.auth.mode, Mode::Open)
}

fn listen(key: &'static str, address: SocketAddr) -> Result<TcpListener, StartError> {
    let bind = || {
        let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
        socket.set_reuseaddr(true)?;
        socket.bind(address)?;
        socket.listen(listener::BACKLOG)
    };
    bind().map_err(|error| StartError::Listen { key, address, error })
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

/// For the database, the calls to WeChat that callers wait for, files and logs, beside the connections of callers and the sweeper's calls.
const OTHER_FILES: usize = 800;

/// Lets the process have a file descriptor for every connection that it may serve: many systems start a service with
/// 1,024 and allow far more for the asking.
pub fn allow_connections(settings: &Settings) {
    // As many as a WeChat that is silent to every account leaves under way.
    let swept = most_under_way(settings.sweep_calls_per_second, settings.all_accounts().count());
    let wanted = settings.server.max_connections.saturating_add(swept).saturating_add(OTHER_FILES);
    let wanted = u64::try_from(wanted).unwrap_or(u64::MAX);
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
        if service.gateway.endpoints().iter().any(|endpoint| endpoint.name.as_str() == demo_shop::NAME) {
            info!("the shop has a back end that is told of payments; its page says when");
        }
    }
    if let Some(console) = &service.console {
        let password = console.password.as_ref().map(|password| format!(", as {} with the password {password}", console::DEMO));
        info!("open the console at {}{}", console.url(), password.unwrap_or_default());
    }
    if let Some(error) = &service.no_console {
        warn!(%error, "there is no console: console.listen may name another address, such as 127.0.0.1:8364");
    }
}
