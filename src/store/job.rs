//! A statement on its way through the store, and the caller who waits for its answer.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::oneshot;
use tokio::time::Instant;
use tracing::warn;

use crate::deal::OrderId;

use super::StoreError;
use super::statement::{Answer, BatchKind, Purpose, Statement};

/// A statement to be carried out, and who waits for its answer.
#[derive(Debug)]
pub struct Job {
    pub statement: Statement,
    pub purpose: Purpose,
    reply: oneshot::Sender<Result<Answer, StoreError>>,
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
    /// Whether the connection broke under a try, so that nobody knows whether it was carried out.
    pub broke: bool,
    /// How often it has met a lock.
    pub put_off: u32,
}

/// The caller's end of a job.
pub struct Waiter {
    pub answer: oneshot::Receiver<Result<Answer, StoreError>>,
    taken: Arc<AtomicBool>,
}

impl Job {
    /// A job, and what its caller waits with.
    pub fn new(statement: Statement, purpose: Purpose, turn: Instant, deadline: Instant) -> (Self, Waiter) {
        let (reply, answer) = oneshot::channel();
        let (taken, kind) = (Arc::new(AtomicBool::new(false)), statement.batch_kind());
        let waiter = Waiter { answer, taken: Arc::clone(&taken) };
        (Self { statement, purpose, reply, turn, deadline, taken, kind, again: false, broke: false, put_off: 0 }, waiter)
    }

    /// The batch that it may travel in, if others may go with it.
    pub fn kind(&self) -> Option<BatchKind> {
        self.kind
    }

    /// From now on it goes by itself.
    pub fn goes_alone(&mut self) {
        self.kind = None;
    }

    /// The same job, to be taken up by a worker once more.
    pub fn once_more(self) -> Self {
        Self { kind: None, again: true, ..self }
    }

    /// Tells the caller, if he is still there.
    pub fn answer(self, answer: Result<Answer, StoreError>) {
        if let Err(error @ (StoreError::Unavailable(_) | StoreError::Refused(_))) = &answer {
            warn!(%error, "a statement failed");
        }
        let _ = self.reply.send(answer);
    }

    /// The order that it is about, where the statement names one.
    pub fn order_id(&self) -> Option<&OrderId> {
        self.statement.order_id()
    }

    /// Whether it is the workers' to carry out.
    pub fn is_wanted(&self) -> bool {
        self.again || take(&self.taken)
    }
}

impl Waiter {
    /// Gives the job up, unless a worker has begun with it.
    pub fn give_up(&self) -> bool {
        take(&self.taken)
    }
}

/// Whether it was still to be had.
fn take(taken: &AtomicBool) -> bool {
    !taken.swap(true, Ordering::AcqRel)
}
