//! The stream under hyper's HTTP/1, which knows how long it has been waiting and for what.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Buf, Bytes};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep, sleep_until};

/// From the first byte of a head (or the start of a connection) to its end.
pub const HEAD: Duration = Duration::from_secs(5);
/// After the last answer, for what the client is still sending.
const LINGER: Duration = Duration::from_secs(1);

/// What the stream and the requests that hyper reads from it know of each other.
#[derive(Default)]
pub struct Hand {
    /// How many heads have arrived.
    heads: AtomicUsize,
    /// Whether a request is being served.
    busy: AtomicBool,
    /// Whether the connection ends with the answer: what comes after it is no request.
    ends: AtomicBool,
    /// Whether nothing has been said for some time after an answer.
    rests: AtomicBool,
}

impl Hand {
    pub fn rests(&self) -> bool {
        self.rests.load(Ordering::Relaxed)
    }
}

/// A request in hand, also when it is dropped half-way.
pub struct Held(Arc<Hand>);

impl Held {
    pub fn take(hand: &Arc<Hand>) -> Self {
        hand.heads.fetch_add(1, Ordering::Relaxed);
        hand.busy.store(true, Ordering::Relaxed);
        Self(Arc::clone(hand))
    }

    /// Its answer is the last one.
    pub fn is_last(&self) {
        self.0.ends.store(true, Ordering::Relaxed);
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.0.busy.store(false, Ordering::Relaxed);
    }
}

/// A stream that gives up when the head of a request does not arrive in time, that says when there is nothing to do, and
/// that hears its client out at the end: to close on unread bytes (a body that was refused for its size) is to reset the
/// connection, and a reset can take the answer with it.
pub struct PatientStream {
    stream: TcpStream,
    hand: Arc<Hand>,
    /// Read before by somebody else.
    unread: Bytes,
    /// Until when the head must be there; `None` between two requests, before the first byte.
    head_due: Option<Instant>,
    /// How many heads had arrived at the last look.
    heads: usize,
    /// How long nothing must be said after an answer until the connection counts as resting, and since when that is so.
    rest: Duration,
    quiet_since: Option<Instant>,
    /// Until when the client is heard out, once our half is closed.
    heard_out: Option<Instant>,
    /// Wakes us when something is due. It is not set for each request, so it may go off for one that is long over.
    alarm: Option<Pin<Box<Sleep>>>,
}

impl PatientStream {
    /// The first head is due from the start: a connection that says nothing is nobody's.
    pub fn new(stream: TcpStream, hand: Arc<Hand>) -> Self {
        let (unread, head_due, rest) = (Bytes::new(), Some(Instant::now() + HEAD), Duration::ZERO);
        Self { stream, hand, unread, head_due, heads: 0, rest, quiet_since: None, heard_out: None, alarm: None }
    }

    pub fn rests_after(&mut self, rest: Duration) {
        self.rest = rest;
    }

    /// Goes on behind what has been read already.
    pub fn resume(&mut self, unread: Bytes) {
        self.hand.rests.store(false, Ordering::Relaxed);
        // What is empty may still hold hyper's buffer.
        self.unread = if unread.is_empty() { Bytes::new() } else { unread };
        (self.quiet_since, self.alarm) = (None, None);
    }

    /// Waits until there is something to read, if only the end.
    pub async fn readable(&self) {
        if self.unread.is_empty() {
            // The runtime takes a new stream for readable until it was tried. An error is found again by whoever reads.
            let _ = self.stream.peek(&mut [0]).await;
        }
    }

    fn read(&mut self, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.unread.is_empty() {
            return Pin::new(&mut self.stream).poll_read(cx, buf);
        }
        let length = self.unread.len().min(buf.remaining());
        buf.put_slice(&self.unread[..length]);
        self.unread.advance(length);
        Poll::Ready(Ok(()))
    }

    /// Whether it is this late; if not, we are woken when it is.
    fn is_past(&mut self, due: Instant, cx: &mut Context<'_>) -> bool {
        let alarm = self.alarm.get_or_insert_with(|| Box::pin(sleep_until(due)));
        if alarm.deadline() > due {
            alarm.as_mut().reset(due);
        }
        while alarm.as_mut().poll(cx).is_ready() {
            if alarm.deadline() >= due {
                return true;
            }
            alarm.as_mut().reset(due);
        }
        false
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
        if let Poll::Ready(outcome) = self.read(cx, buf) {
            self.quiet_since = None;
            if !busy && self.head_due.is_none() && buf.filled().len() > before {
                self.head_due = Some(Instant::now() + HEAD);
            }
            return Poll::Ready(outcome);
        }
        if let Some(due) = self.head_due {
            return if self.is_past(due, cx) { Poll::Ready(Err(io::ErrorKind::TimedOut.into())) } else { Poll::Pending };
        }
        // hyper reads only where a head or a body may come. When a body was read to its end and its answer is on its way, it
        // waits for the next head. A body that was refused has an answer that ends the connection: the rest of it, taken for
        // a request, would let a stranger speak behind a proxy's back.
        if !busy && !self.hand.ends.load(Ordering::Relaxed) {
            let rests = self.rest.is_zero() || {
                let due = *self.quiet_since.get_or_insert_with(Instant::now) + self.rest;
                self.is_past(due, cx)
            };
            self.hand.rests.store(rests, Ordering::Relaxed);
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
        if self.heard_out.is_none() {
            ready!(Pin::new(&mut self.stream).poll_shutdown(cx))?;
        }
        let due = *self.heard_out.get_or_insert_with(|| Instant::now() + LINGER);
        let mut bytes = [0; 8 * 1024];
        while !self.is_past(due, cx) {
            let mut unheard = ReadBuf::new(&mut bytes);
            ready!(Pin::new(&mut self.stream).poll_read(cx, &mut unheard))?;
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
