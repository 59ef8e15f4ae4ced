//! An HTTP exchange over a connection of its own, with the time of each phase, which an HTTP client hides.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::header::{CONTENT_TYPE, HOST, HeaderMap, USER_AGENT};
use hyper_util::rt::TokioIo;
use reqwest::Url;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, lookup_host};
use tokio::time::{Instant, timeout};
use tokio_rustls::TlsConnector;

use crate::channel::wechat::v2::{ClientCertificate, Endpoints, Proxy, http_client};
use crate::language::Text;
use crate::trust::{ExtraRoots, Trust};

use super::words::hosts as words;

/// For each phase. What takes longer is as good as broken: WeChat itself waits for five seconds.
const PATIENCE: Duration = Duration::from_secs(5);
/// As large as a message of the protocol may be.
const MAX_BYTES: usize = 64 * 1024;

/// Where an exchange stopped, and why.
#[derive(Debug)]
pub enum Broken {
    Name(Text),
    Tcp(Text),
    Tls(Text),
    Http(Text),
    Proxy(Proxy),
}

/// The addresses behind a URL's host.
pub struct Addresses {
    pub all: Vec<SocketAddr>,
    pub took: Duration,
}

impl Addresses {
    pub async fn of(url: &Url) -> Result<Self, Broken> {
        let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
        let port = url.port_or_known_default().unwrap_or(443);
        let begun = Instant::now();
        let all: Vec<_> = within(lookup_host((host, port))).await.map_err(Broken::Name)?.collect();
        if all.is_empty() {
            return Err(Broken::Name(words::no_address()));
        }
        Ok(Self { all, took: begun.elapsed() })
    }

    /// The first of IPv4 and the first of IPv6.
    pub fn first_of_each(&self) -> impl Iterator<Item = SocketAddr> {
        let first = |v4: bool| self.all.iter().copied().find(|address| address.is_ipv4() == v4);
        [first(true), first(false)].into_iter().flatten()
    }

    /// How many of IPv4 and of IPv6.
    pub fn count(&self) -> (usize, usize) {
        let v4 = self.all.iter().filter(|address| address.is_ipv4()).count();
        (v4, self.all.len() - v4)
    }
}

/// A TCP connection.
pub struct Line {
    stream: TcpStream,
    /// Our own address on it.
    pub own: Option<IpAddr>,
    pub took: Duration,
}

impl Line {
    pub async fn to(address: SocketAddr) -> Result<Self, Broken> {
        let begun = Instant::now();
        let stream = within(TcpStream::connect(address)).await.map_err(Broken::Tcp)?;
        let own = stream.local_addr().ok().map(|own| own.ip().to_canonical());
        Ok(Self { stream, own, took: begun.elapsed() })
    }

    /// Posts XML to a URL over it.
    pub async fn post(self, url: &Url, tls: &Tls<'_>, headers: HeaderMap, body: impl Into<Bytes>) -> Result<Heard, Broken> {
        let body = body.into();
        if url.scheme() != "https" {
            return speak(self.stream, url, headers, body, None).await;
        }
        let begun = Instant::now();
        let broken = |error: &dyn std::fmt::Display| Broken::Tls(Text::untranslated(error.to_string()));
        let config = tls.config().map_err(|error| broken(&error))?;
        let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']).to_owned();
        let name = ServerName::try_from(host).map_err(|error| broken(&error))?;
        let stream = within(TlsConnector::from(Arc::new(config)).connect(name, self.stream)).await.map_err(Broken::Tls)?;
        speak(stream, url, headers, body, Some(begun.elapsed())).await
    }
}

/// Who may vouch for a host beside the system's authorities, and the certificate that it is shown.
#[derive(Default)]
pub struct Tls<'a> {
    pub extra_roots: ExtraRoots,
    pub shown: Option<&'a ClientCertificate>,
}

impl Tls<'_> {
    /// The trust and the cryptography that the service's own client has.
    fn config(&self) -> Result<ClientConfig, rustls::Error> {
        Trust::new(&self.extra_roots)?.tls(self.shown.map(|shown| shown.shown() as Arc<_>))
    }
}

/// An answer, read to its end.
pub struct Heard {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Bytes,
    /// `None`: without TLS.
    pub tls: Option<Duration>,
    pub http: Duration,
}

async fn speak(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    url: &Url,
    headers: HeaderMap,
    body: Bytes,
    tls: Option<Duration>,
) -> Result<Heard, Broken> {
    let begun = Instant::now();
    let exchange = async {
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
        let connection = tokio::spawn(connection);
        let host = url
            .port()
            .map_or_else(|| url.host_str().unwrap_or_default().to_owned(), |port| format!("{}:{port}", url.host_str().unwrap_or_default()));
        let mut request = hyper::Request::post(url.path()).header(HOST, host).header(CONTENT_TYPE, "text/xml; charset=utf-8");
        request = request.header(USER_AGENT, concat!("wechat-pay-doctor/", env!("CARGO_PKG_VERSION")));
        for (name, value) in &headers {
            request = request.header(name, value);
        }
        let (head, body) = sender.send_request(request.body(Full::new(body))?).await?.into_parts();
        let body = Limited::new(body, MAX_BYTES).collect().await?.to_bytes();
        connection.abort();
        Ok::<_, Box<dyn std::error::Error + Send + Sync>>((head, body))
    };
    let (head, body) = within(exchange).await.map_err(Broken::Http)?;
    Ok(Heard { status: head.status.as_u16(), headers: head.headers, body, tls, http: begun.elapsed() })
}

/// The same exchange through a proxy, which hides its phases.
pub async fn post_through(proxy: &Proxy, url: &Url, tls: &Tls<'_>, body: String) -> Result<Heard, Broken> {
    let (begun, no_way) = (Instant::now(), |_: reqwest::Error| Broken::Proxy(proxy.clone()));
    let client = http_client(Some(proxy), tls.config().map_err(|_| Broken::Proxy(proxy.clone()))?).map_err(no_way)?;
    let request = client.post(url.clone()).header(CONTENT_TYPE, "text/xml; charset=utf-8").body(body);
    let mut response = request.send().await.map_err(no_way)?;
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(no_way)?.filter(|_| body.len() < MAX_BYTES) {
        body.extend_from_slice(&chunk);
    }
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    Ok(Heard { status, headers, body: body.into(), tls: None, http: begun.elapsed() })
}

/// The same over whichever way leads to WeChat, with a client certificate.
pub async fn post_certified(endpoints: &Endpoints, url: &Url, shown: &ClientCertificate, body: String) -> Result<Heard, Broken> {
    let tls = Tls { extra_roots: endpoints.extra_roots.clone(), shown: Some(shown) };
    if let Some(proxy) = &endpoints.proxy {
        return post_through(proxy, url, &tls, body).await;
    }
    let address = Addresses::of(url).await?.first_of_each().next().ok_or_else(|| Broken::Name(words::no_address()))?;
    Line::to(address).await?.post(url, &tls, HeaderMap::new(), body).await
}

async fn within<T, E: std::fmt::Display>(phase: impl Future<Output = Result<T, E>>) -> Result<T, Text> {
    match timeout(PATIENCE, phase).await {
        Ok(outcome) => outcome.map_err(|error| Text::untranslated(error.to_string())),
        Err(_) => Err(words::nothing_for(PATIENCE)),
    }
}

/// Milliseconds, for people.
pub fn ms(time: Duration) -> String {
    format!("{} ms", time.as_millis())
}
