//! An HTTP listener with deadlines and a limit of connections: the accept loop under all servers, on hyper's HTTP/1.
//!
//! `axum::serve` 0.8 has no deadline for a head, an idle connection or an answer that is not taken, and no limit of
//! connections, so ten thousand silent sockets would stop it. hyper's one timer would serve for heads and idle connections
//! alike; a proxy's idle connection should live long, a half-sent head must not, so `DeadlineStream` watches both itself.

mod client_address;
mod deadline;
mod panics;
mod room;

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderValue, Request, Response, header};
use bytes::Bytes;
use futures_util::FutureExt;
use hyper::body::{Body as _, Frame, Incoming, SizeHint};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::unconstrained;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt;
use tracing::{debug, warn};

pub use client_address::{Proxies, household};
use deadline::{DeadlineStream, InHand, Requests};
pub use panics::caught;
use room::{Room, Seat};

const MAX_HEADERS: usize = 64;
const MAX_HEAD_BYTES: usize = 16 * 1024;
/// A stopping server still takes the connections that have queued up, and those whose request is on its way may still
/// send it: closed at once they would be requests without an answer.
const LAST_CONNECTIONS: Duration = Duration::from_millis(20);
const LAST_REQUESTS: Duration = Duration::from_millis(250);
/// Connections that wait in the kernel's queue, at most.
pub const BACKLOG: u32 = 4096;
/// How long a stopping server waits for what is in hand.
const DRAIN: Duration = Duration::from_secs(8);

/// Put into a response's extensions: break the connection instead of answering. (A fault that the simulator offers.)
#[derive(Debug, Clone, Copy)]
pub struct Sever;

/// The address at the other end of the connection.
#[derive(Debug, Clone, Copy)]
pub struct Peer(pub SocketAddr);

/// Serves until `stop` is cancelled, then finishes what is in hand.
pub async fn serve(listener: TcpListener, router: Router, max_connections: usize, stop: CancellationToken) {
    let room = Room::new(max_connections);
    let connections = TaskTracker::new();
    let admit = |seat: Seat, stream: TcpStream, peer: SocketAddr| {
        connections.spawn(serve_connection(stream, peer, seat, Arc::clone(&room), router.clone(), stop.clone()));
    };
    let mut closing = pin!(after(&stop, LAST_CONNECTIONS));
    loop {
        let accepted = async {
            let (stream, peer) = listener.accept().await?;
            io::Result::Ok((room.seat().await, stream, peer))
        };
        tokio::select! {
            () = closing.as_mut() => break,
            accepted = accepted => match accepted {
                Ok((Some(seat), stream, peer)) => admit(seat, stream, peer),
                Ok((None, ..)) => break,
                Err(error) => {
                    // Out of file descriptors, most likely: others must close before it helps to try again.
                    warn!(%error, "a connection could not be accepted");
                    sleep(Duration::from_millis(100)).await;
                }
            },
        }
    }
    // The kernel has said yes to those in its queue, so they are not sent away.
    for _ in 0..BACKLOG {
        let Some(seat) = room.free_seat() else { break };
        let Some(Ok((stream, peer))) = unconstrained(listener.accept()).now_or_never() else { break };
        admit(seat, stream, peer);
    }
    drop(listener);
    connections.close();
    if timeout(DRAIN, connections.wait()).await.is_err() {
        warn!(open = connections.len(), "connections are left after the drain");
    }
}

/// Some time after `stop`.
async fn after(stop: &CancellationToken, time: Duration) {
    stop.cancelled().await;
    sleep(time).await;
}

async fn serve_connection(stream: TcpStream, peer: SocketAddr, seat: Seat, room: Arc<Room>, router: Router, stop: CancellationToken) {
    let _ = stream.set_nodelay(true);
    let requests = Arc::new(Requests::default());
    let answer = |request: Request<Incoming>| {
        let (router, room, stop) = (router.clone(), Arc::clone(&room), stop.clone());
        let in_hand = InHand::take(&requests);
        // Boxed, so that a connection that idles between two requests, and most do, holds no room for one.
        Box::pin(async move {
            let _in_hand = in_hand;
            let heard = Arc::new(AtomicBool::new(request.body().is_end_stream()));
            let mut request = request.map(|body| Body::new(HeardBody { body, heard: Arc::clone(&heard) }));
            request.extensions_mut().insert(Peer(peer));
            let response: Result<Response<Body>, Infallible> = router.oneshot(request).await;
            match response {
                Ok(response) if response.extensions().get::<Sever>().is_some() => Err(io::Error::other("severed")),
                Ok(mut response) => {
                    // hyper closes the connection then, and when the server stops. A proxy that is not told so sends its next
                    // caller's request into the void. And a client that sends request after request is not to keep others waiting.
                    if !heard.load(Ordering::Relaxed) || stop.is_cancelled() || room.is_wanted() {
                        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
                    }
                    Ok(response)
                }
                Err(never) => match never {},
            }
        })
    };
    let connection = http1::Builder::new()
        .header_read_timeout(None)
        .max_headers(MAX_HEADERS)
        .max_buf_size(MAX_HEAD_BYTES)
        // WeChat has sent two. What is framed how is said by headers alone, so no two readers can differ about it.
        .allow_multiple_spaces_in_request_line_delimiters(true)
        // A client that has sent everything and hangs up is served all the same: it may have been a payment.
        .half_close(true)
        .serve_connection(TokioIo::new(DeadlineStream::new(stream, seat, Arc::clone(&requests))), service_fn(answer));
    let mut connection = pin!(connection);
    let served = tokio::select! {
        biased;
        served = connection.as_mut() => served,
        () = after(&stop, LAST_REQUESTS) => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = served {
        debug!(%error, "a connection ended early");
    }
}

/// A body that remembers whether it was read to its end.
struct HeardBody {
    body: Incoming,
    heard: Arc<AtomicBool>,
}

impl hyper::body::Body for HeardBody {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(cx));
        if frame.is_none() || self.body.is_end_stream() {
            self.heard.store(true, Ordering::Relaxed);
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
