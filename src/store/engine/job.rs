//! A job: a statement on its way through the queue, with its deadline.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::time::Instant;

use super::error::StatementError;
use super::statement::Purpose;
use super::work::{BatchKind, Work};

/// A statement to be carried out for a caller who waits.
#[derive(Debug)]
pub struct Job {
    /// What is to be done.
    pub work: Box<dyn Work>,
    /// What it is for.
    pub purpose: Purpose,
    /// Until when it waits for a worker, or for a lock.
    pub turn: Instant,
    /// No try begins later.
    pub deadline: Instant,
    /// Set by the worker that begins with it, or by the caller who does not wait for one any more.
    taken: Arc<AtomicBool>,
    /// The batch that it may travel in.
    kind: Option<BatchKind>,
    /// It has been in a worker's hands before: after a batch that was not carried out, or a lock that was met.
    again: bool,
    /// Whether the connection broke under a try, so that it is not known whether it was carried out.
    pub broke: bool,
    /// How often it has met a lock.
    pub put_off: u32,
}

/// The caller's hold on a job.
pub struct Ticket(Arc<AtomicBool>);

impl Job {
    /// A job, and its caller's hold on it.
    pub fn new(work: Box<dyn Work>, purpose: Purpose, turn: Instant, deadline: Instant) -> (Self, Ticket) {
        let (taken, kind) = (Arc::new(AtomicBool::new(false)), work.kind());
        let ticket = Ticket(Arc::clone(&taken));
        (Self { work, purpose, turn, deadline, taken, kind, again: false, broke: false, put_off: 0 }, ticket)
    }

    /// The batch that it may travel in, if others may go with it.
    pub fn kind(&self) -> Option<BatchKind> {
        self.kind
    }

    /// What it is about, where the statement names it.
    pub fn key(&self) -> Option<&str> {
        self.work.key()
    }

    /// From now on it goes by itself.
    pub fn goes_alone(&mut self) {
        self.kind = None;
    }

    /// The same job, to be taken up by a worker once more.
    pub fn once_more(self) -> Self {
        Self { kind: None, again: true, ..self }
    }

    /// Tells the caller what became of it, if that still waits.
    pub fn answer(self, outcome: Result<(), StatementError>) {
        self.work.answer(outcome);
    }

    /// Whether it is the workers' to carry out.
    pub fn is_wanted(&self) -> bool {
        self.again || take(&self.taken)
    }
}

impl Ticket {
    /// Gives the job up, unless a worker has begun with it.
    pub fn give_up(&self) -> bool {
        take(&self.0)
    }
}

/// Whether it was still to be had.
fn take(taken: &AtomicBool) -> bool {
    !taken.swap(true, Ordering::AcqRel)
}
