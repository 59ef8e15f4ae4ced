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
use tokio::time::{Instant, Sleep, sleep};

/// From the first byte of a head (or the start of a connection) to its end.
const HEAD: Duration = Duration::from_secs(5);
/// After an answer, until a connection that says nothing more counts as resting.
const REST: Duration = Duration::from_millis(100);
/// After the last answer, for what the client is still sending.
const LINGER: Duration = Duration::from_secs(1);

/// What the stream and the requests that hyper reads from it know of each other.
#[derive(Default)]
pub struct Hand {
    /// How many heads have arrived.
    heads: AtomicUsize,
    /// Whether a request is being served.
    busy: AtomicBool,
    /// Whether nothing was said for [`REST`] after an answer.
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
    head_due: Option<Pin<Box<Sleep>>>,
    /// How many heads had arrived at the last look.
    heads: usize,
    /// Since when nothing was said after an answer, and the alarm that goes off some time after that.
    quiet_since: Option<Instant>,
    alarm: Option<Pin<Box<Sleep>>>,
    /// Until when the client is heard out, once our half is closed.
    linger: Option<Pin<Box<Sleep>>>,
}

impl PatientStream {
    /// The first head is due from the start: a connection that says nothing is nobody's.
    pub fn new(stream: TcpStream, hand: Arc<Hand>) -> Self {
        let head_due = Some(Box::pin(sleep(HEAD)));
        Self { stream, hand, unread: Bytes::new(), head_due, heads: 0, quiet_since: None, alarm: None, linger: None }
    }

    /// Goes on behind what has been read already.
    pub fn resume(&mut self, unread: Bytes) {
        self.hand.rests.store(false, Ordering::Relaxed);
        (self.unread, self.quiet_since, self.alarm) = (unread, None, None);
    }

    /// Waits until there is something to read, if only the end.
    pub async fn readable(&self) {
        if self.unread.is_empty() {
            // An error is found again by whoever reads.
            let _ = self.stream.readable().await;
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

    /// hyper reads only where a head or a body may come; after an answer, and when that is on its way, it waits for a head.
    fn note_quiet(&mut self, cx: &mut Context<'_>) {
        let quiet_since = *self.quiet_since.get_or_insert_with(Instant::now);
        let alarm = self.alarm.get_or_insert_with(|| Box::pin(sleep(REST)));
        while alarm.as_mut().poll(cx).is_ready() {
            let due = quiet_since + REST;
            if alarm.deadline() >= due {
                self.hand.rests.store(true, Ordering::Relaxed);
                return;
            }
            alarm.as_mut().reset(due);
        }
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
                self.head_due = Some(Box::pin(sleep(HEAD)));
            }
            return Poll::Ready(outcome);
        }
        if let Some(due) = &mut self.head_due {
            ready!(due.as_mut().poll(cx));
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        if !busy {
            self.note_quiet(cx);
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
