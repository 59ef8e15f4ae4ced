//! What waits for the workers. Under more load than the database bears, what was begun comes first: a payment to be stored
//! or a link to be noted overtakes what would begin something new, and who has waited for a worker for most of a second
//! is sent away to come again.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::{Mutex, mpsc, oneshot};
use tokio::time::{Instant, timeout_at};

use super::StoreError;
use super::statement::{Answer, Statement};

/// From being asked to the last try: inside WeChat's five seconds and the front ends' eight.
const PATIENCE: Duration = Duration::from_millis(3500);
/// A statement that is not urgent waits so long for its turn: callers are to hear within a second that there is too much to do.
const TURN: Duration = Duration::from_millis(800);
/// More waiting statements than this are more than can be served in time.
const LENGTH: usize = 1024;

const OVERLOADED: StoreError = StoreError::Unavailable("too many statements are waiting");

/// A statement to be carried out, and who waits for its answer.
pub struct Job {
    pub statement: Statement,
    pub reply: oneshot::Sender<Result<Answer, StoreError>>,
    /// No try begins later.
    pub deadline: Instant,
    /// Set by the worker that begins with it, or by the caller who does not wait for one any more.
    taken: Arc<AtomicBool>,
}

/// Whether it was still to be had.
fn take(taken: &AtomicBool) -> bool {
    !taken.swap(true, Ordering::AcqRel)
}

/// The callers' end.
#[derive(Debug, Clone)]
pub struct Queue {
    urgent: mpsc::Sender<Job>,
    other: mpsc::Sender<Job>,
}

/// The workers' end, shared by all of them.
#[derive(Clone)]
pub struct Jobs(Arc<Mutex<(mpsc::Receiver<Job>, mpsc::Receiver<Job>)>>);

/// Both ends of a new queue.
pub fn queue() -> (Queue, Jobs) {
    let ((urgent, urgent_jobs), (other, other_jobs)) = (mpsc::channel(LENGTH), mpsc::channel(LENGTH));
    (Queue { urgent, other }, Jobs(Arc::new(Mutex::new((urgent_jobs, other_jobs)))))
}

impl Queue {
    /// Has a statement carried out, whether or not the caller stays to hear the answer.
    pub async fn run(&self, statement: Statement) -> Result<Answer, StoreError> {
        let now = Instant::now();
        let deadline = now + PATIENCE;
        let (queue, turn) = if statement.is_urgent() { (&self.urgent, deadline) } else { (&self.other, now + TURN) };
        let (reply, mut answer) = oneshot::channel();
        let taken = Arc::new(AtomicBool::new(false));
        queue.try_send(Job { statement, reply, deadline, taken: Arc::clone(&taken) }).map_err(|_| OVERLOADED)?;
        let outcome = match timeout_at(turn, &mut answer).await {
            Err(_) if take(&taken) => return Err(OVERLOADED),
            // Its turn has come; now it can only be waited for.
            Err(_) => timeout_at(deadline, answer).await,
            answered => answered,
        };
        match outcome {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(_)) => Err(StoreError::Unavailable("the store is stopping")),
            // The last try may still be under way, at the latest until its own limits end it.
            Err(_) => Err(StoreError::Unavailable("too slow")),
        }
    }
}

impl Jobs {
    /// The next job that nobody has given up; none when there will be no more.
    pub async fn next(&self) -> Option<Job> {
        let mut jobs = self.0.lock().await;
        let (urgent, other) = &mut *jobs;
        loop {
            let job = tokio::select! {
                biased;
                Some(job) = urgent.recv() => job,
                Some(job) = other.recv() => job,
                else => return None,
            };
            if take(&job.taken) {
                return Some(job);
            }
        }
    }
}
