//! Logs: one line an event, on stderr; JSON unless a person is reading.
//!
//! Never logged: the API key, signatures, whole messages, payers' ids, QR links, the database URL, request paths and
//! bodies. Errors are logged by their public sentence; what a library says may quote values.
//!
//! Lines are written by a thread of their own, as many at a time as have come since: a write for every line would hold
//! up whoever serves a request, and each of the others behind him.

use std::io::{self, IsTerminal, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// Lines wait in memory up to this many bytes. Beyond it whoever logs waits: nothing is thrown away.
const GATHERED: usize = 1024 * 1024;
/// Between two writes, so that lines can gather: hundreds of writes a second cost more than this is worth to a reader.
const PAUSE: Duration = Duration::from_millis(2);
/// A process that ends waits so long for its last lines to be written: whoever reads them may have stopped.
const LAST_LINES: Duration = Duration::from_secs(1);

/// Starts logging. `RUST_LOG` chooses what (default: `info`). What the caller gets back is to be kept to the end.
pub fn start() -> Log {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let registry = tracing_subscriber::registry().with(filter);
    let log = Log::default();
    let lines = Lines(Arc::clone(&log.0));
    // A second start, in tests, keeps the first.
    let started = if io::stderr().is_terminal() {
        registry.with(tracing_subscriber::fmt::layer().with_writer(lines)).try_init()
    } else {
        registry.with(tracing_subscriber::fmt::layer().json().flatten_event(true).with_current_span(false).with_writer(lines)).try_init()
    };
    if started.is_ok() {
        let gathering = Arc::clone(&log.0);
        thread::spawn(move || gathering.write_out());
    }
    // A panic's message may hold anything; its place is enough to find it.
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(|place| format!("{}:{}", place.file(), place.line()));
        tracing::error!(place, "panic");
    }));
    log
}

/// The log of this process. To drop it is to wait until everything logged so far has been written.
#[derive(Debug, Default)]
pub struct Log(Arc<Gathering>);

impl Drop for Log {
    fn drop(&mut self) {
        self.0.flush();
    }
}

#[derive(Debug, Default)]
struct Gathering {
    lines: Mutex<Gathered>,
    /// Told when lines come, and when they have been taken.
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Gathered {
    bytes: Vec<u8>,
    /// The thread is writing what it took.
    writing: bool,
}

impl Gathering {
    fn lock(&self) -> MutexGuard<'_, Gathered> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'a>(&self, lines: MutexGuard<'a, Gathered>, until: impl Fn(&Gathered) -> bool) -> MutexGuard<'a, Gathered> {
        self.changed.wait_while(lines, |lines| !until(lines)).unwrap_or_else(PoisonError::into_inner)
    }

    fn add(&self, line: &[u8]) {
        let mut lines = self.wait(self.lock(), |lines| lines.bytes.len() < GATHERED);
        let first = lines.bytes.is_empty() && !lines.writing;
        lines.bytes.extend_from_slice(line);
        drop(lines);
        if first {
            self.changed.notify_all();
        }
    }

    fn write_out(&self) -> ! {
        let mut taken = Vec::new();
        loop {
            let mut lines = self.wait(self.lock(), |lines| !lines.bytes.is_empty());
            std::mem::swap(&mut lines.bytes, &mut taken);
            lines.writing = true;
            drop(lines);
            self.changed.notify_all();
            // A log that cannot be written (a full volume, a closed pipe) stops nothing.
            let _ = io::stderr().write_all(&taken);
            taken.clear();
            thread::sleep(PAUSE);
            self.lock().writing = false;
            self.changed.notify_all();
        }
    }

    fn flush(&self) {
        let unwritten = |lines: &mut Gathered| lines.writing || !lines.bytes.is_empty();
        let _ = self.changed.wait_timeout_while(self.lock(), LAST_LINES, unwritten);
    }
}

/// Where a line goes when it is complete.
struct Lines(Arc<Gathering>);

impl<'a> MakeWriter<'a> for Lines {
    type Writer = &'a Self;

    fn make_writer(&'a self) -> Self::Writer {
        self
    }
}

impl Write for &Lines {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.0.add(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
