//! A TLS listener for the simulator alone: one task a connection, HTTP/1, no deadlines, for it stands in tests.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::uri::Scheme;
use axum::http::{Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use rustls::ServerConfig;
use rustls::crypto::ring;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::sleep;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;
use tracing::debug;

use crate::listener::{Peer, Sever};

use super::super::Simulator;
use super::certificates::Certificates;
use super::demand::{Asking, Shown, admitted};

/// After a connection that could not be taken.
const NOT_TAKEN: Duration = Duration::from_millis(50);

/// Serves until `stop`.
///
/// # Errors
/// When the server's certificate does not fit its key.
pub fn serve(
    listener: TcpListener,
    simulator: Simulator,
    certificates: Certificates,
    stop: CancellationToken,
) -> Result<impl Future<Output = ()>, rustls::Error> {
    let provider = Arc::new(ring::default_provider());
    let (certificate, key) = (certificates.server.0.clone(), certificates.server.1.clone_key());
    let config = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()?
        .with_client_cert_verifier(Arc::new(Asking(provider)))
        .with_single_cert(vec![certificate], key)?;
    let (acceptor, certificates) = (TlsAcceptor::from(Arc::new(config)), Arc::new(certificates));
    Ok(async move {
        while let Some(accepted) = stop.run_until_cancelled(listener.accept()).await {
            let (stream, peer) = match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    // A client that went away, or no descriptor left: the next may be taken.
                    debug!(%error, "a connection was not taken");
                    sleep(NOT_TAKEN).await;
                    continue;
                }
            };
            let (acceptor, certificates, simulator) = (acceptor.clone(), Arc::clone(&certificates), simulator.clone());
            let connection = async move {
                if let Err(error) = serve_connection(stream, peer, &acceptor, &certificates, simulator).await {
                    debug!(error, "a connection ended early");
                }
            };
            let stop = stop.clone();
            tokio::spawn(async move { stop.run_until_cancelled(connection).await });
        }
    })
}

async fn serve_connection(
    stream: TcpStream,
    peer: SocketAddr,
    acceptor: &TlsAcceptor,
    certificates: &Certificates,
    simulator: Simulator,
) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let stream = acceptor.accept(stream).await?;
    let shown = match stream.get_ref().1.peer_certificates().and_then(<[_]>::first) {
        None => Shown::Nothing,
        Some(certificate) => certificates.owner(certificate).map_or(Shown::Foreign, |mch_id| Shown::Of(mch_id.to_owned())),
    };
    let router = simulator.router();
    let answer = |mut request: Request<Incoming>| {
        request.extensions_mut().insert(Peer(peer));
        request.extensions_mut().insert(Scheme::HTTPS);
        let (shown, router) = (shown.clone(), router.clone());
        let demand = simulator.world().habits.require_client_cert;
        async move {
            let response: Response<Body> = match admitted(demand, &shown, request.map(Body::new)).await {
                Ok(request) => router.oneshot(request).await.unwrap_or_else(|never| match never {}),
                Err(refusal) => refusal,
            };
            if response.extensions().get::<Sever>().is_some() { Err(io::Error::other("severed")) } else { Ok(response) }
        }
    };
    http1::Builder::new().serve_connection(TokioIo::new(stream), service_fn(answer)).await?;
    Ok(())
}
