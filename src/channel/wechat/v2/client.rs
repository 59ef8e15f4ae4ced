//! The calls. One reqwest client, every default of it chosen.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::BoxFuture;
use reqwest::{Response, StatusCode, Url};
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::{Instant, timeout};
use tracing::{Instrument, info, info_span, warn};

use crate::chance::Chance;
use crate::clock::Clock;
use crate::deal::OrderId;
use crate::metrics::Label;
use crate::resolver::Resolver;
use crate::trace::TraceContext;

use super::merchant::Merchant;
use super::metrics::{self, Api, CallMetrics};
use super::proxy::Proxy;
use super::reply::{self, CloseAnswer, Prepaid, QueryAnswer};
use super::xml::{MAX_BYTES, XmlError};
use crate::channel::error::{CallError, Doubt};

/// A connection that takes longer is one that the payer should not wait for: the other host is tried.
pub const CONNECT: Duration = Duration::from_secs(2);
/// For a whole call, both hosts included. Front ends wait for at most 8 s.
const TOTAL: Duration = Duration::from_secs(6);
/// Shorter than any keep-alive of WeChat's, so that a request seldom meets a connection that is being closed.
const IDLE: Duration = Duration::from_secs(4);
/// Calls under way at once, for orders and for queries each. When WeChat is slow, more would only wait longer, and take
/// the memory and the patience of those who could be told so at once.
const UNDER_WAY: usize = 64;
/// How long a call waits for its place among them.
const PLACE: Duration = Duration::from_millis(500);
/// Pauses before an identical request is sent again, while there is time: WeChat asks for that after SYSTEMERROR, and
/// allows it after every unknown outcome of `unifiedorder` and `closeorder` (PROTOCOL.md, 1.4).
const PAUSES: [Duration; 2] = [Duration::from_millis(200), Duration::from_millis(600)];
/// How long the backup host is used before the primary is tried again (PROTOCOL.md, 1.4).
const BACKUP_STAY: Duration = Duration::from_secs(180);

/// Where WeChat's API is.
#[derive(Debug, Clone)]
pub struct Endpoints {
    /// `/pay/unifiedorder` … hang below it.
    pub primary: Url,
    /// Used when the primary cannot be reached.
    pub backup: Option<Url>,
    /// Through which both are reached; `None`: straight.
    pub proxy: Option<Proxy>,
}

/// Asks WeChat.
#[derive(Debug)]
pub struct Client {
    merchant: Merchant,
    transport: Transport,
    orders: Semaphore,
    queries: Semaphore,
    chance: Chance,
    metrics: CallMetrics,
    /// Whether links of another form than ever have been told of.
    new_links: AtomicBool,
}

/// How a request gets to WeChat.
#[derive(Debug)]
enum Transport {
    Http(Box<Http>),
    Wire(Wire),
}

impl Transport {
    /// By which time calls are made: on a wire that is the simulation's.
    fn clock(&self) -> &Clock {
        match self {
            Self::Http(_) => &Clock::System,
            Self::Wire(wire) => &wire.clock,
        }
    }
}

/// A WeChat within this process, as a simulation has it: takes the name of an API, a request and the time that there is,
/// gives the reply, or a time-out of its own.
#[derive(Clone)]
pub struct Wire {
    clock: Clock,
    carry: Arc<dyn Fn(&'static str, String, Duration) -> Reply + Send + Sync>,
}

type Reply = BoxFuture<'static, Result<Vec<u8>, CallError>>;

impl Wire {
    /// Has `carry` called with every request.
    pub fn new(clock: Clock, carry: impl Fn(&'static str, String, Duration) -> Reply + Send + Sync + 'static) -> Self {
        Self { clock, carry: Arc::new(carry) }
    }
}

impl std::fmt::Debug for Wire {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Wire")
    }
}

/// The way over the net.
#[derive(Debug)]
struct Http {
    endpoints: Endpoints,
    avoid_primary_until: Mutex<Option<Instant>>,
    client: reqwest::Client,
    chance: Chance,
}

impl Client {
    /// A client for one merchant.
    pub fn new(merchant: Merchant, endpoints: Endpoints, chance: Chance) -> Result<Self, reqwest::Error> {
        let client = http_client(endpoints.proxy.as_ref())?;
        let http = Http { endpoints, avoid_primary_until: Mutex::new(None), client, chance: chance.clone() };
        Ok(Self::over(Transport::Http(Box::new(http)), merchant, chance))
    }

    /// A client whose WeChat is within this process.
    pub fn wired(merchant: Merchant, wire: Wire, chance: Chance) -> Self {
        Self::over(Transport::Wire(wire), merchant, chance)
    }

    fn over(transport: Transport, merchant: Merchant, chance: Chance) -> Self {
        Self {
            merchant,
            transport,
            orders: Semaphore::new(UNDER_WAY),
            queries: Semaphore::new(UNDER_WAY),
            chance,
            metrics: CallMetrics::default(),
            new_links: AtomicBool::default(),
        }
    }

    /// Who asks.
    pub fn merchant(&self) -> &Merchant {
        &self.merchant
    }

    /// What is counted of its calls.
    pub fn metrics(&self) -> &CallMetrics {
        &self.metrics
    }

    /// A place among the orders that are being asked for. Taken before a row is stored for one, so that a slow WeChat
    /// fills neither the table nor the memory.
    pub async fn place_for_order(&self) -> Result<SemaphorePermit<'_>, CallError> {
        self.place(&self.orders, Api::UnifiedOrder).await
    }

    /// `unifiedorder` with the stored bytes of [`Merchant::unified_order_request`].
    pub async fn unified_order(&self, _place: SemaphorePermit<'_>, order_id: &OrderId, request: String) -> Result<Prepaid, CallError> {
        // It may have been stored before the configuration was changed.
        let merchant = self.merchant.of_request(&request);
        let request = merchant.signed_anew(request);
        let prepaid = self.call(Api::UnifiedOrder, &merchant, order_id, request, &PAUSES, reply::unified_order).await?;
        if !prepaid.looks_as_ever() && !self.new_links.swap(true, Ordering::Relaxed) {
            warn!("WeChat gives links of a form that is new to this version; they are passed on as they are");
        }
        Ok(prepaid)
    }

    /// `orderquery` for a caller who waits. Asked once: a caller who wants to know comes again.
    pub async fn order_query(&self, order_id: &OrderId) -> Result<QueryAnswer, CallError> {
        let _place = self.place(&self.queries, Api::OrderQuery).await?;
        self.order_query_in_budget(order_id).await
    }

    /// The same for the sweeper, whose budget says how many may be under way: it takes no place from those who wait.
    pub async fn order_query_in_budget(&self, order_id: &OrderId) -> Result<QueryAnswer, CallError> {
        let request = self.merchant.order_request(order_id, &self.chance);
        self.call(Api::OrderQuery, &self.merchant, order_id, request, &[], reply::order_query).await
    }

    /// `closeorder` for a caller who waits.
    pub async fn close_order(&self, order_id: &OrderId) -> Result<CloseAnswer, CallError> {
        let _place = self.place(&self.orders, Api::CloseOrder).await?;
        self.close_order_in_budget(order_id).await
    }

    /// The same for the sweeper, as [`Client::order_query_in_budget`].
    pub async fn close_order_in_budget(&self, order_id: &OrderId) -> Result<CloseAnswer, CallError> {
        let request = self.merchant.order_request(order_id, &self.chance);
        self.call(Api::CloseOrder, &self.merchant, order_id, request, &PAUSES, reply::close_order).await
    }

    async fn place<'a>(&self, places: &'a Semaphore, api: Api) -> Result<SemaphorePermit<'a>, CallError> {
        match timeout(PLACE, places.acquire()).await {
            Ok(Ok(place)) => Ok(place),
            _ => {
                self.metrics.busy(api);
                Err(CallError::Busy)
            }
        }
    }

    async fn call<T: metrics::Answer>(
        &self,
        api: Api,
        merchant: &Merchant,
        order_id: &OrderId,
        request: String,
        pauses: &[Duration],
        read: impl Fn(&Merchant, &OrderId, &[u8]) -> Result<T, CallError>,
    ) -> Result<T, CallError> {
        async {
            let clock = self.transport.clock();
            let started = clock.ticks();
            let elapsed = || clock.ticks().saturating_sub(started);
            let (mut request, mut pauses, mut other_key) = (request, pauses.iter(), true);
            let outcome = loop {
                let begun = elapsed();
                let left = TOTAL.saturating_sub(begun);
                let reply = match &self.transport {
                    Transport::Http(http) => {
                        timeout(left, http.post(api.as_str(), request.clone())).await.unwrap_or(Err(Doubt::Timeout.into()))
                    }
                    Transport::Wire(wire) => (wire.carry)(api.as_str(), request.clone(), left).await,
                };
                let outcome = reply.and_then(|body| read(merchant, order_id, &body));
                self.metrics.called(api, &outcome, elapsed().saturating_sub(begun));
                if let Err(CallError::Refused(refusal)) = &outcome
                    && refusal.is_of_our_signature()
                    && std::mem::take(&mut other_key)
                    && let Some(resigned) = merchant.signed_with_previous(&request)
                {
                    info!("WeChat does not take the API key yet; asking with the previous one");
                    request = resigned;
                    continue;
                }
                match (&outcome, pauses.next()) {
                    (Err(error), Some(pause)) if error.may_pass() && elapsed() + *pause < TOTAL => {
                        info!(%error, "asking WeChat again");
                        clock.pause(*pause).await;
                    }
                    _ => break outcome,
                }
            };
            let elapsed_ms = u64::try_from(elapsed().as_millis()).unwrap_or(u64::MAX);
            match &outcome {
                Ok(_) => info!(elapsed_ms, "WeChat answered"),
                Err(error) => warn!(elapsed_ms, %error, "WeChat did not answer the question"),
            }
            outcome
        }
        .instrument(info_span!("wechat", api = api.as_str(), %order_id))
        .await
    }
}

/// A client that reaches WeChat, with every default of it chosen.
pub fn http_client(proxy: Option<&Proxy>) -> Result<reqwest::Client, reqwest::Error> {
    // reqwest brings no cryptography of its own here, so that the service has only one. A second call changes nothing.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let builder = reqwest::Client::builder()
        .user_agent(concat!("wechat-pay/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(CONNECT)
        .timeout(TOTAL)
        .pool_idle_timeout(IDLE)
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .dns_resolver(Resolver::new())
        // The environment's proxies are for others: one that was set for them would see every order.
        .no_proxy()
        .referer(false)
        .http1_only();
    match proxy {
        Some(proxy) => builder.proxy(proxy.for_client()?),
        None => builder,
    }
    .build()
}

impl Http {
    /// Posts to the host that is expected to work, and to the other one if it cannot be reached.
    async fn post(&self, api: &str, request: String) -> Result<Vec<u8>, CallError> {
        let Some(backup) = &self.endpoints.backup else {
            return self.post_to(&self.endpoints.primary, api, request).await;
        };
        if self.avoids_primary() {
            return match self.post_to(backup, api, request.clone()).await {
                Err(CallError::Unreachable) => self.post_to(&self.endpoints.primary, api, request).await,
                answered => answered,
            };
        }
        match self.post_to(&self.endpoints.primary, api, request.clone()).await {
            Err(CallError::Unreachable) => {
                warn!(stay_s = BACKUP_STAY.as_secs(), "the primary host cannot be reached, changing to the backup host");
                *self.avoid_primary_until.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now() + BACKUP_STAY);
                self.post_to(backup, api, request).await
            }
            answered => answered,
        }
    }

    fn avoids_primary(&self) -> bool {
        let until = *self.avoid_primary_until.lock().unwrap_or_else(PoisonError::into_inner);
        until.is_some_and(|until| Instant::now() < until)
    }

    async fn post_to(&self, base: &Url, api: &str, request: String) -> Result<Vec<u8>, CallError> {
        let url = format!("{}/pay/{api}", base.as_str().trim_end_matches('/'));
        let mut post = self.client.post(url).header("content-type", "text/xml; charset=utf-8");
        if let Some(trace) = TraceContext::current() {
            post = post.header("traceparent", trace.step(&self.chance));
        }
        let response = post.body(request).send().await.map_err(transport_error)?;
        match response.status() {
            StatusCode::OK => read_capped(response).await,
            StatusCode::TOO_MANY_REQUESTS => Err(CallError::RateLimited),
            status => Err(Doubt::Status(status.as_u16()).into()),
        }
    }
}

async fn read_capped(mut response: Response) -> Result<Vec<u8>, CallError> {
    let mut body = Vec::with_capacity(1024);
    while let Some(chunk) = response.chunk().await.map_err(transport_error)? {
        if body.len() + chunk.len() > MAX_BYTES {
            return Err(Doubt::Xml(XmlError::TooLarge).into());
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// Only a failed connect proves that nothing was sent. (The error itself may show an address, so it goes no further.)
fn transport_error(error: reqwest::Error) -> CallError {
    if error.is_connect() {
        CallError::Unreachable
    } else if error.is_timeout() {
        Doubt::Timeout.into()
    } else {
        Doubt::Broken.into()
    }
}
