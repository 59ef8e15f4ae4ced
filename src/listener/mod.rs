//! The accept loop under both servers: hyper's HTTP/1 with a deadline for everything.
//!
//! `axum::serve` 0.8 has none for a head, a body or an idle connection, and no limit of connections, so ten thousand
//! silent sockets would stop it. hyper's one timer would serve for heads and idle connections alike; a proxy's idle
//! connection should live long, a half-sent head must not, so `PatientStream` watches the head itself.
//!
//! hyper keeps two buffers of 8 KiB a connection as long as it lives. Most connections wait for their next request most of
//! the time, so one that rests gives hyper back, and gets another with the next request's first byte. That costs about two
//! microseconds, so among few connections one must be quiet for a while to count as resting.

mod patient;

use std::convert::Infallible;
use std::future::poll_fn;
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
use hyper::service::{Service, service_fn};
use hyper_util::rt::TokioIo;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::unconstrained;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt;
use tracing::{debug, warn};

use patient::{HEAD, Hand, Held, PatientStream};

/// Between two requests; longer than proxies keep theirs, so that they close first.
const IDLE: Duration = Duration::from_secs(75);
/// After an answer, until a connection that says nothing more counts as resting, while there are not many.
const REST: Duration = Duration::from_millis(100);
const MANY: usize = 1000;
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

/// Who is at the other end of the connection.
#[derive(Debug, Clone, Copy)]
pub struct Peer(pub SocketAddr);

/// Serves until `stop` is cancelled, then finishes what is in hand.
pub async fn serve(listener: TcpListener, router: Router, max_connections: usize, stop: CancellationToken) {
    let permits = Arc::new(Semaphore::new(max_connections));
    let connections = TaskTracker::new();
    let admit = |permit: OwnedSemaphorePermit, stream: TcpStream, peer: SocketAddr| {
        let (router, stop, all) = (router.clone(), stop.clone(), connections.clone());
        connections.spawn(async move {
            serve_connection(stream, peer, router, &all, stop).await;
            drop(permit);
        });
    };
    let mut closing = pin!(after(&stop, LAST_CONNECTIONS));
    loop {
        // At the limit nothing is accepted: the kernel's queue holds the rest, and no memory of ours.
        let accepted = async {
            let permit = Arc::clone(&permits).acquire_owned().await.map_err(io::Error::other)?;
            let (stream, peer) = listener.accept().await?;
            io::Result::Ok((permit, stream, peer))
        };
        let (permit, stream, peer) = tokio::select! {
            () = closing.as_mut() => break,
            accepted = accepted => match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    // Out of file descriptors, most likely: others must close before it helps to try again.
                    warn!(%error, "a connection could not be accepted");
                    sleep(Duration::from_millis(100)).await;
                    continue;
                }
            },
        };
        admit(permit, stream, peer);
    }
    // The kernel has said yes to those in its queue, so they are not sent away.
    for _ in 0..BACKLOG {
        let Ok(permit) = Arc::clone(&permits).try_acquire_owned() else { break };
        let Some(Ok((stream, peer))) = unconstrained(listener.accept()).now_or_never() else { break };
        admit(permit, stream, peer);
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

async fn serve_connection(stream: TcpStream, peer: SocketAddr, router: Router, all: &TaskTracker, stop: CancellationToken) {
    let _ = stream.set_nodelay(true);
    let hand = Arc::new(Hand::default());
    let answer = |request: Request<Incoming>| {
        let (router, stop) = (router.clone(), stop.clone());
        let held = Held::take(&hand);
        // Boxed, so that a connection that idles between two requests, and most do, holds no room for one.
        Box::pin(async move {
            let heard = Arc::new(AtomicBool::new(request.body().is_end_stream()));
            let mut request = request.map(|body| Body::new(HeardBody { body, heard: Arc::clone(&heard) }));
            request.extensions_mut().insert(Peer(peer));
            let response: Result<Response<Body>, Infallible> = router.oneshot(request).await;
            match response {
                Ok(response) if response.extensions().get::<Sever>().is_some() => Err(io::Error::other("severed")),
                Ok(mut response) => {
                    // hyper closes the connection then, and when the server stops. A proxy that is not told so sends its next caller's request into the void.
                    if !heard.load(Ordering::Relaxed) || stop.is_cancelled() {
                        held.is_last();
                        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
                    }
                    Ok(response)
                }
                Err(never) => match never {},
            }
        })
    };
    let mut stream = PatientStream::new(stream, Arc::clone(&hand));
    let mut closing = pin!(after(&stop, LAST_REQUESTS));
    // A connection that has never said anything is nobody's.
    let mut patience = HEAD;
    loop {
        tokio::select! {
            biased;
            () = stream.readable() => {}
            () = closing.as_mut() => break,
            () = sleep(patience) => break,
        }
        stream.rests_after(if all.len() < MANY { REST } else { Duration::ZERO });
        match serve_requests(stream, service_fn(&answer), &hand, closing.as_mut()).await {
            Ok(Some(resting)) => stream = resting,
            Ok(None) => return,
            Err(error) => return debug!(%error, "a connection ended early"),
        }
        patience = IDLE;
    }
    let _ = stream.shutdown().await;
}

/// Serves until the stream rests, which is then given back, or until its end.
async fn serve_requests<S>(
    stream: PatientStream,
    service: S,
    hand: &Hand,
    closing: Pin<&mut impl Future<Output = ()>>,
) -> hyper::Result<Option<PatientStream>>
where
    S: Service<Request<Incoming>, Response = Response<Body>, Error = io::Error, Future: Unpin> + Unpin,
{
    let connection = http1::Builder::new()
        .header_read_timeout(None)
        .max_headers(MAX_HEADERS)
        .max_buf_size(MAX_HEAD_BYTES)
        // Who has sent everything and hangs up is served all the same: it may have been a payment.
        .half_close(true)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = Box::new(connection);
    let resting = poll_fn(|cx| {
        let over = Pin::new(&mut *connection).poll(cx);
        if over.is_ready() || !hand.rests() {
            return over.map_ok(|()| false);
        }
        // hyper waits for a head, so that there is nothing to finish: it stops at once.
        Pin::new(&mut *connection).graceful_shutdown();
        connection.poll_without_shutdown(cx).map_ok(|()| true)
    });
    let rests = tokio::select! {
        biased;
        rests = resting => rests?,
        () = closing => {
            Pin::new(&mut *connection).graceful_shutdown();
            (&mut *connection).await?;
            false
        }
    };
    Ok(rests.then(|| {
        let parts = connection.into_parts();
        let mut stream = parts.io.into_inner();
        stream.resume(parts.read_buf);
        stream
    }))
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
