//! Asynchronous logging: writing the log without ever waiting for it.
//!
//! A thread of its own writes to stderr, from a queue of bounded length. When the other end of a pipe is not read, or the
//! disk is full, lines are lost and counted, and payments go on. It takes all that has gathered since it last looked, so a
//! busy service makes a few hundred writes a second and no caller wakes a thread.
//!
//! (tracing-appender would wake its thread for every line, does not count what the disk refuses, and brings a calendar.)

use std::io::{self, Write};
use std::iter;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread;
use std::time::Duration;

/// Lines that may wait: a few megabytes at most.
const LENGTH: usize = 8192;
/// How long lines gather: what a crash of the process may take with it.
const GATHER: Duration = Duration::from_millis(5);
/// Bytes written at once, about: a pipe's usual length.
const BATCH: usize = 64 * 1024;
/// For the last lines of a process. A log that is stuck must not keep it from ending.
const LAST: Duration = Duration::from_millis(250);

/// The log of a process is one, so this is too.
static LOST: AtomicU64 = AtomicU64::new(0);

/// Lines that could not be written so far.
pub fn lines_lost() -> u64 {
    LOST.load(Ordering::Relaxed)
}

enum Message {
    Line(Vec<u8>),
    /// Everything before this is to be written, and then this is to be dropped.
    Last(SyncSender<()>),
}

/// The writers' end of the queue.
#[derive(Clone)]
pub struct Writer(SyncSender<Message>);

impl Writer {
    /// Starts the thread, which lives as long as the process.
    pub fn start(out: impl Write + Send + 'static) -> (Self, Lines) {
        let (queue, lines) = sync_channel(LENGTH);
        // Without it the queue fills, and all lines are lost.
        let _ = thread::Builder::new().name("log".to_owned()).spawn(move || write_all(&lines, out));
        (Self(queue.clone()), Lines(Self(queue)))
    }

    /// Has a line written, unless there are too many.
    pub fn put(&self, line: Vec<u8>) {
        if self.0.try_send(Message::Line(line)).is_err() {
            LOST.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// For the formatter that a person reads, which writes a line at a time.
impl Write for Writer {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.put(line.to_vec());
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The lines of a process. Waits, when it is dropped, until the last are written; not for long.
#[must_use]
pub struct Lines(Writer);

impl Lines {
    /// Has a text written as it is, behind all that was logged so far.
    pub fn put(&self, text: String) {
        self.0.put(text.into_bytes());
    }
}

impl Drop for Lines {
    fn drop(&mut self) {
        let (written, wait) = sync_channel(0);
        let mut message = Message::Last(written);
        let pause = LAST / 50;
        for _ in 0..50 {
            match self.0.0.try_send(message) {
                Err(TrySendError::Full(back)) => message = back,
                _ => break,
            }
            thread::sleep(pause);
        }
        let _ = wait.recv_timeout(LAST);
    }
}

fn write_all(lines: &Receiver<Message>, mut out: impl Write) {
    let mut batch = Vec::with_capacity(BATCH);
    while let Ok(first) = lines.recv() {
        let (mut count, mut last) = (0, None);
        for message in iter::once(first).chain(lines.try_iter()) {
            match message {
                Message::Line(line) => {
                    batch.extend_from_slice(&line);
                    count += 1;
                }
                Message::Last(written) => last = Some(written),
            }
            if batch.len() >= BATCH || last.is_some() {
                break;
            }
        }
        if out.write_all(&batch).is_err() {
            LOST.fetch_add(count, Ordering::Relaxed);
        }
        let was_full = batch.len() >= BATCH;
        batch.clear();
        drop(last);
        if !was_full {
            thread::sleep(GATHER);
        }
    }
}
