//! The ways to WeChat: HTTP with failover between two hosts, every default of the HTTP client chosen; or a wire within this
//! process, as a simulation has it.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use reqwest::{Response, StatusCode, Url};
use rustls::ClientConfig;
use tokio::time::{Instant, timeout};
use tracing::warn;

use crate::chance::Chance;
use crate::channel::error::{CallError, Doubt, Malformed};
use crate::channel::wechat::login::{Login, LoginEndpoints};
use crate::clock::Clock;
use crate::resolver::Resolver;
use crate::trace::TraceContext;
use crate::trust::{ExtraRoots, Trust};

use super::calls::Call;
use super::certificate::ClientCertificate;
use super::identity::Identity;
use super::proxy::Proxy;

/// A connection that takes longer is one that the payer should not wait for: the other host is tried.
pub const CONNECT: Duration = Duration::from_secs(2);
/// For a whole call, both hosts and all repeats included. Front ends wait for at most 8 s.
pub(super) const TOTAL: Duration = Duration::from_secs(6);
/// Shorter than any keep-alive of WeChat's, so that a request seldom meets a connection that is being closed.
const IDLE: Duration = Duration::from_secs(4);
/// How long the backup host is used before the primary is tried again (PROTOCOL.md, 1.4).
const BACKUP_STAY: Duration = Duration::from_secs(180);

/// Where WeChat's API is.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Endpoints {
    /// The base URL: the path of each call hangs below it.
    pub primary: Url,
    /// Used when the primary cannot be reached.
    pub backup: Option<Url>,
    /// Through which both are reached; `None`: straight.
    pub proxy: Option<Proxy>,
    /// Who may vouch for both beside the system's authorities.
    pub extra_roots: ExtraRoots,
}

/// How a request gets to WeChat.
#[derive(Debug)]
pub(super) enum Transport {
    Http(Arc<Http>),
    Wire(Wire),
}

impl Transport {
    /// By which time calls are made: on a wire that is the simulation's.
    pub fn clock(&self) -> &Clock {
        match self {
            Self::Http(_) => &Clock::System,
            Self::Wire(wire) => &wire.clock,
        }
    }

    /// Whether no certificate is demanded on this way: a wire has none, nor has a simulator without TLS.
    pub fn is_plain(&self) -> bool {
        match self {
            Self::Http(http) => http.endpoints.primary.scheme() == "http",
            Self::Wire(_) => true,
        }
    }

    /// Sends a request and gives the bytes of its reply, within the time that is left for it.
    pub async fn post(&self, call: Call, identity: &Identity, request: String, left: Duration) -> Result<Vec<u8>, CallError> {
        match self {
            Self::Http(http) => timeout(left, http.post(call, identity, request)).await.unwrap_or(Err(Doubt::Timeout.into())),
            Self::Wire(wire) => (wire.carry)(call.name, request, left).await,
        }
    }

    /// Sends a request whose answer is read piece by piece, and waits for its first byte.
    pub async fn open(&self, call: Call, identity: &Identity, request: String, patience: Patience) -> Result<Answer, CallError> {
        match self {
            Self::Http(http) => {
                let opened = timeout(patience.first, http.open(call, identity, request, patience));
                opened.await.unwrap_or(Err(Doubt::Timeout.into()))
            }
            Self::Wire(wire) => {
                let whole = (wire.carry)(call.name, request, patience.first).await?;
                Ok(Answer { ahead: Some(whole.into()), behind: None, is_complaint: false, digest: None, between: patience.between })
            }
        }
    }
}

/// How long is waited for parts of an answer that is read piece by piece.
#[derive(Debug, Clone, Copy)]
pub(super) struct Patience {
    /// For its first byte, both hosts included.
    pub first: Duration,
    /// Between two pieces.
    pub between: Duration,
    /// For all of it.
    pub whole: Duration,
}

/// An answer that is read piece by piece, as it was sent: the HTTP client unpacks nothing.
pub(super) struct Answer {
    ahead: Option<Bytes>,
    behind: Option<Response>,
    /// Whether it is nginx's 400, in which only a word about the client certificate means anything.
    pub is_complaint: bool,
    /// What its header says of the content's SHA-1, as it is written there.
    pub digest: Option<String>,
    between: Duration,
}

impl Answer {
    /// The next bytes, at least one; `None`: there are no more.
    pub async fn piece(&mut self) -> Result<Option<Bytes>, CallError> {
        loop {
            let piece = match (self.ahead.take(), &mut self.behind) {
                (Some(piece), _) => Some(piece),
                (None, Some(response)) => {
                    let piece = timeout(self.between, response.chunk()).await.map_err(|_| Doubt::Timeout)?;
                    piece.map_err(transport_error)?
                }
                (None, None) => None,
            };
            match piece {
                Some(piece) if piece.is_empty() => {}
                Some(piece) => return Ok(Some(piece)),
                None => {
                    self.behind = None;
                    return Ok(None);
                }
            }
        }
    }
}

/// `SHA=` and 40 hexadecimal digits (PROTOCOL.md, 16.1), beside which other digests may stand.
fn sha_digest(response: &Response) -> Option<String> {
    let lines = response.headers().get_all("digest").iter().map(|line| String::from_utf8_lossy(line.as_bytes()).into_owned());
    lines.collect::<Vec<_>>().join(",").split(',').find_map(|digest| {
        let (name, value) = digest.trim().split_once('=')?;
        name.eq_ignore_ascii_case("SHA").then(|| value.to_owned())
    })
}

/// A WeChat within this process: takes the name of a call, a request and the time that there is, gives the reply, or a
/// time-out of its own. What nginx says of a client certificate is a reply, too.
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

/// The way over the net. An HTTP client is large, so accounts that have the same endpoints share one, and with it what is known of
/// a host that cannot be reached.
#[derive(Debug)]
pub struct Http {
    endpoints: Endpoints,
    avoid_primary_until: Mutex<Option<Instant>>,
    trust: Trust,
    client: reqwest::Client,
    chance: Chance,
}

/// Why there is no client for HTTPS.
#[derive(Debug, thiserror::Error)]
pub enum NoClient {
    /// The system has no CA certificates.
    #[error("{0}")]
    Trust(#[from] rustls::Error),
    /// The proxy cannot be used.
    #[error("{0}")]
    Http(#[from] reqwest::Error),
}

impl Http {
    /// A way to these hosts.
    ///
    /// # Errors
    /// When the system has no CA certificates, or the proxy cannot be used.
    pub fn new(endpoints: Endpoints, chance: Chance) -> Result<Self, NoClient> {
        let trust = Trust::new(&endpoints.extra_roots)?;
        let client = http_client(endpoints.proxy.as_ref(), trust.tls(None)?)?;
        Ok(Self { endpoints, avoid_primary_until: Mutex::new(None), trust, client, chance })
    }

    /// The login of payers by the same client, with its proxy and its trust, and without a certificate.
    pub fn login(&self, endpoints: LoginEndpoints) -> Login {
        Login::new(endpoints, self.client.clone())
    }

    /// The client for a call: the one that all share, or the identity's own.
    fn client_for(&self, call: Call, identity: &Identity) -> Result<reqwest::Client, NoClient> {
        if !call.wants_certificate {
            return Ok(self.client.clone());
        }
        let make = |certificate: &ClientCertificate| {
            Ok(http_client(self.endpoints.proxy.as_ref(), self.trust.tls(Some(certificate.shown() as Arc<_>))?)?)
        };
        Ok(identity.client::<NoClient>(make)?.unwrap_or_else(|| self.client.clone()))
    }

    async fn post(&self, call: Call, identity: &Identity, request: String) -> Result<Vec<u8>, CallError> {
        read_capped(self.send(call, identity, request, TOTAL).await?, call.largest_reply).await
    }

    async fn open(&self, call: Call, identity: &Identity, request: String, patience: Patience) -> Result<Answer, CallError> {
        let mut response = self.send(call, identity, request, patience.whole).await?;
        let (is_complaint, digest) = (response.status() == StatusCode::BAD_REQUEST, sha_digest(&response));
        let ahead = response.chunk().await.map_err(transport_error)?;
        Ok(Answer { behind: ahead.is_some().then_some(response), ahead, is_complaint, digest, between: patience.between })
    }

    /// Posts to the host that is expected to work, and to the other one if it cannot be reached.
    async fn send(&self, call: Call, identity: &Identity, request: String, within: Duration) -> Result<Response, CallError> {
        let client = self.client_for(call, identity).map_err(|error| {
            warn!(%error, "there is no HTTPS client for the client certificate");
            CallError::Unreachable
        })?;
        let post_to = |base, request| self.post_to(&client, base, call, request, within);
        let Some(backup) = &self.endpoints.backup else {
            return post_to(&self.endpoints.primary, request).await;
        };
        if self.avoids_primary() {
            return match post_to(backup, request.clone()).await {
                Err(CallError::Unreachable) => post_to(&self.endpoints.primary, request).await,
                answered => answered,
            };
        }
        match post_to(&self.endpoints.primary, request.clone()).await {
            Err(CallError::Unreachable) => {
                warn!(stay_s = BACKUP_STAY.as_secs(), "the primary host cannot be reached, changing to the backup host");
                *self.avoid_primary_until.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now() + BACKUP_STAY);
                post_to(backup, request).await
            }
            answered => answered,
        }
    }

    fn avoids_primary(&self) -> bool {
        let until = *self.avoid_primary_until.lock().unwrap_or_else(PoisonError::into_inner);
        until.is_some_and(|until| Instant::now() < until)
    }

    async fn post_to(
        &self,
        client: &reqwest::Client,
        base: &Url,
        call: Call,
        request: String,
        within: Duration,
    ) -> Result<Response, CallError> {
        let url = format!("{}{}", base.as_str().trim_end_matches('/'), call.path);
        let mut post = client.post(url).timeout(within).header("content-type", "text/xml; charset=utf-8");
        if let Some(trace) = TraceContext::current() {
            post = post.header("traceparent", trace.step(&self.chance));
        }
        let response = post.body(request).send().await.map_err(transport_error)?;
        match response.status() {
            StatusCode::OK => Ok(response),
            // nginx's page says what is wrong with the certificate.
            StatusCode::BAD_REQUEST if call.wants_certificate => Ok(response),
            StatusCode::TOO_MANY_REQUESTS => Err(CallError::RateLimited),
            status => Err(Doubt::Status(status.as_u16()).into()),
        }
    }
}

async fn read_capped(mut response: Response, largest: usize) -> Result<Vec<u8>, CallError> {
    let mut body = Vec::with_capacity(1024);
    while let Some(chunk) = response.chunk().await.map_err(transport_error)? {
        if body.len() + chunk.len() > largest {
            return Err(Doubt::Malformed(Malformed::TooLarge).into());
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

/// A client that reaches WeChat, with every default of it chosen.
pub fn http_client(proxy: Option<&Proxy>, tls: ClientConfig) -> Result<reqwest::Client, reqwest::Error> {
    let builder = reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
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
