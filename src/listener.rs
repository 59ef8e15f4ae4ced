//! The accept loop under both servers: hyper's HTTP/1 with a deadline for everything.
//!
//! `axum::serve` 0.8 has none for a head, a body or an idle connection, and no limit of connections, so ten thousand
//! silent sockets would stop it. hyper's one timer would serve for heads and idle connections alike; a proxy's idle
//! connection should live long, a half-sent head must not, so `PatientStream` watches the head itself.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
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
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::unconstrained;
use tokio::time::{Instant, Sleep, sleep, sleep_until, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt;
use tracing::{debug, warn};

/// From the first byte of a head (or the start of a connection) to its end.
const HEAD: Duration = Duration::from_secs(5);
/// Between two requests; longer than proxies keep theirs, so that they close first.
const IDLE: Duration = Duration::from_secs(75);
const MAX_HEADERS: usize = 64;
const MAX_HEAD_BYTES: usize = 16 * 1024;
/// After the last answer, for what the client is still sending.
const LINGER: Duration = Duration::from_secs(1);
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
        let (router, stop) = (router.clone(), stop.clone());
        connections.spawn(async move {
            serve_connection(stream, peer, router, stop).await;
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

async fn serve_connection(stream: TcpStream, peer: SocketAddr, router: Router, stop: CancellationToken) {
    let _ = stream.set_nodelay(true);
    let hand = Arc::new(Hand::default());
    let stream = PatientStream::new(stream, Arc::clone(&hand));
    let closing = after(&stop, LAST_REQUESTS);
    let service = service_fn(|request: Request<Incoming>| {
        let (router, stop) = (router.clone(), stop.clone());
        let held = Held::take(&hand);
        // Boxed, so that a connection that idles between two requests, and most do, holds no room for one.
        Box::pin(async move {
            let heard = Arc::new(AtomicBool::new(request.body().is_end_stream()));
            let mut request = request.map(|body| Body::new(HeardBody { body, heard: Arc::clone(&heard) }));
            request.extensions_mut().insert(Peer(peer));
            let response: Result<Response<Body>, Infallible> = router.oneshot(request).await;
            drop(held);
            match response {
                Ok(response) if response.extensions().get::<Sever>().is_some() => Err(io::Error::other("severed")),
                Ok(mut response) => {
                    // hyper closes the connection then, and when the server stops. A proxy that is not told so sends its next caller's request into the void.
                    if !heard.load(Ordering::Relaxed) || stop.is_cancelled() {
                        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
                    }
                    Ok(response)
                }
                Err(never) => match never {},
            }
        })
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(IDLE)
        .max_headers(MAX_HEADERS)
        .max_buf_size(MAX_HEAD_BYTES)
        // Who has sent everything and hangs up is served all the same: it may have been a payment.
        .half_close(true)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = pin!(connection);
    let outcome = tokio::select! {
        biased;
        outcome = connection.as_mut() => outcome,
        () = closing => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = outcome {
        debug!(%error, "a connection ended early");
    }
}

/// What the stream must know of the requests that hyper reads from it.
#[derive(Default)]
struct Hand {
    /// How many heads have arrived.
    heads: AtomicUsize,
    /// Whether a request is being served.
    busy: AtomicBool,
}

/// A request in hand, also when it is dropped half-way.
struct Held(Arc<Hand>);

impl Held {
    fn take(hand: &Arc<Hand>) -> Self {
        hand.heads.fetch_add(1, Ordering::Relaxed);
        hand.busy.store(true, Ordering::Relaxed);
        Self(Arc::clone(hand))
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.0.busy.store(false, Ordering::Relaxed);
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

/// A stream that gives up when the head of a request does not arrive in time, and that hears its client out at the end:
/// to close on unread bytes (a body that was refused for its size) is to reset the connection, and a reset can
/// take the answer with it.
struct PatientStream {
    stream: TcpStream,
    hand: Arc<Hand>,
    /// Until when the head must be there; `None` between two requests, before the first byte.
    head_due: Option<Pin<Box<Sleep>>>,
    /// How many heads had arrived at the last look.
    heads: usize,
    /// Until when the client is heard out, once our half is closed.
    linger: Option<Pin<Box<Sleep>>>,
}

impl PatientStream {
    /// The first head is due from the start: a connection that says nothing is nobody's.
    fn new(stream: TcpStream, hand: Arc<Hand>) -> Self {
        Self { stream, hand, head_due: Some(Box::pin(sleep(HEAD))), heads: 0, linger: None }
    }
}

impl AsyncRead for PatientStream {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let (heads, busy) = (self.hand.heads.load(Ordering::Relaxed), self.hand.busy.load(Ordering::Relaxed));
        // Counted, since a request may be answered between two looks.
        if heads != self.heads {
            (self.heads, self.head_due) = (heads, None);
        }
        let before = buf.filled().len();
        if let Poll::Ready(outcome) = Pin::new(&mut self.stream).poll_read(cx, buf) {
            if !busy && self.head_due.is_none() && buf.filled().len() > before {
                self.head_due = Some(Box::pin(sleep_until(Instant::now() + HEAD)));
            }
            return Poll::Ready(outcome);
        }
        if let Some(due) = &mut self.head_due {
            ready!(due.as_mut().poll(cx));
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        Poll::Pending
    }
}

impl AsyncWrite for PatientStream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.linger.is_none() {
            ready!(Pin::new(&mut self.stream).poll_shutdown(cx))?;
        }
        let Self { stream, linger, .. } = &mut *self;
        let linger = linger.get_or_insert_with(|| Box::pin(sleep(LINGER)));
        let mut bytes = [0; 8 * 1024];
        while linger.as_mut().poll(cx).is_pending() {
            let mut unheard = ReadBuf::new(&mut bytes);
            ready!(Pin::new(&mut *stream).poll_read(cx, &mut unheard))?;
            if unheard.filled().is_empty() {
                break;
            }
        }
        Poll::Ready(Ok(()))
    }

    fn poll_write_vectored(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bufs: &[io::IoSlice<'_>]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
