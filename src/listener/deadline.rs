//! A stream with deadlines, under hyper's HTTP/1: it knows how long it has been waiting and for what.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep, sleep_until};

use super::room::Seat;

/// From the first byte of a head (or the start of a connection) to its end.
const HEAD: Duration = Duration::from_secs(5);
/// Between two requests; longer than proxies keep theirs, so that they close first.
const IDLE: Duration = Duration::from_secs(75);
/// Without a byte of an answer taken.
const UNTAKEN: Duration = Duration::from_secs(30);
/// After the last answer, for what the client is still sending.
const LINGER: Duration = Duration::from_secs(1);

/// What the stream is told of the requests that hyper reads from it.
#[derive(Default)]
pub struct Requests {
    /// How many heads have arrived.
    heads: AtomicUsize,
    /// Whether one is being answered.
    in_hand: AtomicBool,
}

/// A request in hand, also when it is dropped half-way.
pub struct InHand(Arc<Requests>);

impl InHand {
    pub fn take(requests: &Arc<Requests>) -> Self {
        requests.heads.fetch_add(1, Ordering::Relaxed);
        requests.in_hand.store(true, Ordering::Relaxed);
        Self(Arc::clone(requests))
    }
}

impl Drop for InHand {
    fn drop(&mut self) {
        self.0.in_hand.store(false, Ordering::Relaxed);
    }
}

/// A stream that gives up when a head does not arrive, the next request does not come or an answer is not taken in time,
/// or when others want its place. (A body's time is the handler's to judge.) At the end it hears its client out: to close
/// on unread bytes, such as a body that was refused for its size, is to reset the connection, and a reset can take the
/// answer with it.
pub struct DeadlineStream {
    stream: TcpStream,
    seat: Seat,
    requests: Arc<Requests>,
    /// How many heads had arrived at the last look.
    heads: usize,
    /// Until when the head that has begun must be there.
    head_due: Option<Instant>,
    /// Until when one must begin.
    idle_due: Option<Instant>,
    /// Until when more of the answer must be taken.
    taken_due: Option<Instant>,
    /// Until when the client is heard out, once our half is closed.
    heard_out: Option<Instant>,
    /// Wakes us when something is due. It is not set for each request, so it may go off for one that is long over.
    alarm: Option<Pin<Box<Sleep>>>,
}

impl DeadlineStream {
    /// The first head is due from the start: a connection may say nothing for as long as a head may take.
    pub fn new(stream: TcpStream, seat: Seat, requests: Arc<Requests>) -> Self {
        let head_due = Some(Instant::now() + HEAD);
        Self { stream, seat, requests, heads: 0, head_due, idle_due: None, taken_due: None, heard_out: None, alarm: None }
    }

    /// Waits for the client, if there is time and no other connection wants the place.
    fn wait<T>(&mut self, due: Option<Instant>, cx: &mut Context<'_>) -> Poll<io::Result<T>> {
        if !self.seat.waits(cx.waker()) || due.is_some_and(|due| self.is_past(due, cx)) {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        Poll::Pending
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

    fn written(&mut self, outcome: Poll<io::Result<usize>>, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        if outcome.is_ready() {
            self.taken_due = None;
            self.seat.goes_on();
            return outcome;
        }
        let due = *self.taken_due.get_or_insert_with(|| Instant::now() + UNTAKEN);
        let waits = self.wait(Some(due), cx);
        if waits.is_ready() {
            // Or the system would keep for minutes what the client does not take.
            let _ = self.stream.set_zero_linger();
        }
        waits
    }
}

impl AsyncRead for DeadlineStream {
    /// hyper reads only where a head or a body may come.
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let (heads, in_hand) = (self.requests.heads.load(Ordering::Relaxed), self.requests.in_hand.load(Ordering::Relaxed));
        // Counted, since a request may be answered between two looks. (What came of the next head together with this one is
        // in hyper's hands unseen; until more of it comes the connection counts as idle.)
        if heads != self.heads {
            (self.heads, self.head_due, self.idle_due) = (heads, None, None);
        }
        let before = buf.filled().len();
        if let Poll::Ready(outcome) = Pin::new(&mut self.stream).poll_read(cx, buf) {
            self.seat.goes_on();
            if !in_hand && buf.filled().len() > before {
                self.head_due.get_or_insert_with(|| Instant::now() + HEAD);
            }
            return Poll::Ready(outcome);
        }
        let due = match self.head_due {
            _ if in_hand => None,
            Some(due) => Some(due),
            None => Some(*self.idle_due.get_or_insert_with(|| Instant::now() + IDLE)),
        };
        self.wait(due, cx)
    }
}

impl AsyncWrite for DeadlineStream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let outcome = Pin::new(&mut self.stream).poll_write(cx, buf);
        self.written(outcome, cx)
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
            let mut no_outcome = ReadBuf::new(&mut bytes);
            if Pin::new(&mut self.stream).poll_read(cx, &mut no_outcome)?.is_pending() {
                return self.wait(None, cx);
            }
            if no_outcome.filled().is_empty() {
                break;
            }
        }
        Poll::Ready(Ok(()))
    }

    fn poll_write_vectored(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bufs: &[io::IoSlice<'_>]) -> Poll<io::Result<usize>> {
        let outcome = Pin::new(&mut self.stream).poll_write_vectored(cx, bufs);
        self.written(outcome, cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
