//! Connections to endpoints: the name is looked up, the guard asked about each address, and TLS spoken for https.

use std::io::{self, IoSlice};
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use hyper::Uri;
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::client::legacy::connect::{Connected, Connection};
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_util::either::Either;
use tower::Service;

use crate::resolver::Resolver;
use crate::trust::Trust;

use super::answer::Unanswered;
use super::guard::{Guard, literal};
use super::request::PATIENCE;

/// For one address: there may be others.
const CONNECT: Duration = Duration::from_secs(4);

/// Makes the connections to an endpoint.
#[derive(Clone)]
pub struct Connector {
    guard: Guard,
    resolver: Resolver,
    tls: TlsConnector,
}

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct NoConnection(pub Unanswered);

impl Connector {
    pub fn new(guard: Guard, trust: &Trust, resolver: Resolver) -> Result<Self, rustls::Error> {
        Ok(Self { guard, resolver, tls: TlsConnector::from(Arc::new(trust.tls(None)?)) })
    }

    pub async fn connect(&self, uri: &Uri) -> Result<Stream, Unanswered> {
        let host = uri.host().unwrap_or_default();
        let is_tls = uri.scheme_str() == Some("https");
        let port = uri.port_u16().unwrap_or(if is_tls { 443 } else { 80 });
        let stream = open(self.addresses(host, port).await?).await?;
        let _ = stream.set_nodelay(true);
        if !is_tls {
            return Ok(Stream(TokioIo::new(Either::Left(stream))));
        }
        let name = ServerName::try_from(host.trim_matches(['[', ']']).to_owned()).map_err(|_| Unanswered::Tls)?;
        let stream = self.tls.connect(name, stream).await.map_err(|_| Unanswered::Tls)?;
        Ok(Stream(TokioIo::new(Either::Right(Box::new(stream)))))
    }

    /// Those that a host leads to and the guard allows, in the resolver's order.
    async fn addresses(&self, host: &str, port: u16) -> Result<Vec<SocketAddr>, Unanswered> {
        let mut found = match literal(host) {
            Some(ip) => vec![SocketAddr::new(ip, port)],
            None => self.resolver.look_up(host).await.map_err(|_| Unanswered::Unresolved)?,
        };
        if found.is_empty() {
            return Err(Unanswered::Unresolved);
        }
        found.iter_mut().for_each(|address| address.set_port(port));
        found.retain(|address| self.guard.allows(host, *address));
        if found.is_empty() { Err(Unanswered::Forbidden) } else { Ok(found) }
    }
}

/// A connection to the first of these that takes one.
async fn open(addresses: Vec<SocketAddr>) -> Result<TcpStream, Unanswered> {
    for address in addresses {
        if let Ok(Ok(stream)) = timeout(CONNECT, TcpStream::connect(address)).await {
            return Ok(stream);
        }
    }
    Err(Unanswered::Unreachable)
}

impl Service<Uri> for Connector {
    type Response = Stream;
    type Error = NoConnection;
    type Future = BoxFuture<'static, Result<Stream, NoConnection>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), NoConnection>> {
        Poll::Ready(Ok(()))
    }

    /// The client may go on with a connection that its request waits for no longer, so it ends by itself.
    fn call(&mut self, uri: Uri) -> Self::Future {
        let this = self.clone();
        let connecting = async move { timeout(PATIENCE, this.connect(&uri)).await.unwrap_or(Err(Unanswered::TooSlow)) };
        connecting.map(|connected| connected.map_err(NoConnection)).boxed()
    }
}

/// A connection to an endpoint.
pub struct Stream(TokioIo<Either<TcpStream, Box<TlsStream<TcpStream>>>>);

impl Connection for Stream {
    fn connected(&self) -> Connected {
        Connected::new()
    }
}

impl Read for Stream {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: ReadBufCursor<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buffer)
    }
}

impl Write for Stream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.0.is_write_vectored()
    }

    fn poll_write_vectored(mut self: Pin<&mut Self>, cx: &mut Context<'_>, parts: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write_vectored(cx, parts)
    }
}
