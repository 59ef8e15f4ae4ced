//! What waits for the workers. Under more load than the database bears, what was begun comes first: a payment to be stored
//! or a link to be noted overtakes what would begin something new, and who has waited for a worker for most of a second
//! is sent away to come again.
//!
//! A worker that becomes free takes whoever waits longest, and with him those behind who can travel in the same batch. So
//! nobody ever waits for company, and the more there is to do, the less each of it costs.
//!
//! How many may travel together follows from how it goes. As long as batches are quick, they grow, and few workers are
//! busy at a time, for those make the largest batches. When one takes long (a database at its limits, a locked row), and
//! after a rest, everybody goes alone over all connections: a batch of slow rows would be too slow for each of them.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, oneshot};
use tokio::time::{Instant, timeout_at};
use tracing::warn;

use crate::deal::OrderId;

use super::StoreError;
use super::batch::size_for;
use super::statement::{Answer, BatchKind, Statement};

/// From being asked to the last try: inside WeChat's five seconds and the front ends' eight.
const PATIENCE: Duration = Duration::from_millis(3500);
/// A statement that is not urgent waits so long for its turn: callers are to hear within a second that there is too much to do.
const TURN: Duration = Duration::from_millis(800);
/// Batches grow while they take less than this, and are given up when one takes longer.
const QUICK: Duration = Duration::from_millis(250);
/// For so long after that everybody goes alone: what was slow is perhaps of one kind only, and another must not hide it.
const ALONE: Duration = Duration::from_secs(1);
/// When nobody has been busy for so long, nothing is known of how quick the database is.
const REST: Duration = Duration::from_millis(20);
/// Workers that are busy at a time while there are batches: two, so that one can gather while the other commits.
const BUSY: usize = 2;
/// More waiting statements than this are more than can be served in time.
const LENGTH: usize = 1024;

const OVERLOADED: StoreError = StoreError::Unavailable("too many statements are waiting");

/// A statement to be carried out, and who waits for its answer.
#[derive(Debug)]
pub struct Job {
    pub statement: Statement,
    reply: oneshot::Sender<Result<Answer, StoreError>>,
    /// No try begins later.
    pub deadline: Instant,
    /// Set by the worker that begins with it, or by the caller who does not wait for one any more.
    taken: Arc<AtomicBool>,
    /// The batch that it may travel in.
    kind: Option<BatchKind>,
    /// After a batch that was not carried out: it goes by itself now.
    alone: bool,
    /// Whether the connection broke under a try, so that nobody knows whether it was carried out.
    pub broke: bool,
}

impl Job {
    /// Whether others may go with it.
    pub fn can_travel(&self) -> bool {
        self.kind.is_some()
    }

    /// Tells the caller, if he is still there.
    pub fn answer(self, answer: Result<Answer, StoreError>) {
        if let Err(error @ (StoreError::Unavailable(_) | StoreError::Refused(_))) = &answer {
            warn!(%error, "a statement failed");
        }
        let _ = self.reply.send(answer);
    }

    fn order_id(&self) -> Option<&OrderId> {
        self.statement.journaled_event().map(|event| &event.order_id)
    }

    /// Whether it is the workers' to carry out.
    fn is_wanted(&self) -> bool {
        self.alone || take(&self.taken)
    }
}

/// Whether it was still to be had.
fn take(taken: &AtomicBool) -> bool {
    !taken.swap(true, Ordering::AcqRel)
}

/// The callers' end.
#[derive(Debug, Clone)]
pub struct Queue {
    callers: Arc<Callers>,
    patience: Duration,
    turn: Duration,
}

/// The workers' end, shared by all of them.
#[derive(Debug, Clone)]
pub struct Jobs(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    waiting: Mutex<Waiting>,
    /// Told when there is something for one more worker.
    come: Notify,
    largest_batch: usize,
    quick: Duration,
    rest: Duration,
}

#[derive(Debug)]
struct Waiting {
    urgent: VecDeque<Job>,
    other: VecDeque<Job>,
    /// How many may travel together now.
    batch: usize,
    /// When that may become more.
    grows_from: Instant,
    /// Workers that have been given something and are not back.
    busy: usize,
    /// When the last of them came back.
    idle_since: Instant,
    /// There will be no more.
    closed: bool,
}

/// Both ends of a new queue. In a simulation time is passed by hand, so there the machine's takes nobody's turn.
pub fn queue(largest_batch: usize, simulated: bool) -> (Queue, Jobs) {
    const FOR_EVER: Duration = Duration::from_secs(3600);
    let (patience, turn) = if simulated { (FOR_EVER, FOR_EVER) } else { (PATIENCE, TURN) };
    let (quick, rest) = if simulated { (FOR_EVER, FOR_EVER) } else { (QUICK, REST) };
    let now = Instant::now();
    let waiting =
        Waiting { urgent: VecDeque::new(), other: VecDeque::new(), batch: 1, grows_from: now, busy: 0, idle_since: now, closed: false };
    let shared = Arc::new(Shared { waiting: Mutex::new(waiting), come: Notify::new(), largest_batch, quick, rest });
    (Queue { callers: Arc::new(Callers(Arc::clone(&shared))), patience, turn }, Jobs(shared))
}

impl Queue {
    /// Has a statement carried out, whether or not the caller stays to hear the answer.
    pub async fn run(&self, statement: Statement) -> Result<Answer, StoreError> {
        let now = Instant::now();
        let deadline = now + self.patience;
        let urgent = statement.is_urgent();
        let turn = if urgent { deadline } else { now + self.turn };
        let (reply, mut answer) = oneshot::channel();
        let taken = Arc::new(AtomicBool::new(false));
        let kind = statement.batch_kind();
        self.callers.0.add(Job { statement, reply, deadline, taken: Arc::clone(&taken), kind, alone: false, broke: false }, urgent)?;
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
    /// Those whose turn it is: one, or a batch of one kind about different orders. `None` when there will be no more.
    pub async fn next(&self) -> Option<Vec<Job>> {
        loop {
            let come = self.0.come.notified();
            {
                let mut waiting = self.0.waiting();
                if waiting.busy == 0 && waiting.idle_since.elapsed() >= self.0.rest {
                    waiting.batch = 1;
                }
                if waiting.has_room() {
                    let Waiting { urgent, other, batch, .. } = &mut *waiting;
                    if let Some(jobs) = next(urgent, *batch).or_else(|| next(other, *batch)) {
                        waiting.busy += 1;
                        if waiting.has_room() && !waiting.is_empty() {
                            self.0.come.notify_one();
                        }
                        return Some(jobs);
                    }
                }
                if waiting.closed && waiting.is_empty() {
                    return None;
                }
            }
            come.await;
        }
    }

    /// Tells that what [`Jobs::next`] gave is carried out, and how long that took. Only what can travel makes batches grow:
    /// of questions, which never do, as many are under way as there are connections.
    pub fn done(&self, could_travel: bool, took: Duration) {
        let mut waiting = self.0.waiting();
        let now = Instant::now();
        waiting.busy -= 1;
        waiting.idle_since = now;
        if took >= self.0.quick {
            (waiting.batch, waiting.grows_from) = (1, now + ALONE);
        } else if could_travel && now >= waiting.grows_from {
            waiting.batch = (waiting.batch * 2).min(self.0.largest_batch);
        }
        if waiting.has_room() && !waiting.is_empty() {
            self.0.come.notify_one();
        }
    }

    /// Takes a batch apart: each goes by itself, before everybody else and perhaps through another worker.
    pub fn apart(&self, batch: Vec<Job>, broke: bool) {
        for job in batch.into_iter().rev() {
            self.0.waiting().urgent.push_front(Job { kind: None, alone: true, broke, ..job });
            self.0.come.notify_one();
        }
    }
}

/// The first that nobody has given up, and those behind it that may travel with it: as many as there are statements for.
/// Whoever is one too many goes first next time.
fn next(queue: &mut VecDeque<Job>, largest_batch: usize) -> Option<Vec<Job>> {
    let first = std::iter::from_fn(|| queue.pop_front()).find(Job::is_wanted)?;
    let kind = first.kind;
    let mut batch = vec![first];
    if kind.is_some() && largest_batch > 1 {
        for job in std::mem::take(queue) {
            // Two changes of one order come one after the other.
            let joins = batch.len() < largest_batch && job.kind == kind && !batch.iter().any(|other| other.order_id() == job.order_id());
            if joins { batch.push(job) } else { queue.push_back(job) }
        }
        for job in batch.drain(size_for(batch.len())..).rev() {
            queue.push_front(job);
        }
        let mut place = 0;
        batch.retain(|job| std::mem::replace(&mut place, 1) == 0 || job.is_wanted());
    }
    Some(batch)
}

impl Waiting {
    /// Whether one more worker may be busy.
    fn has_room(&self) -> bool {
        self.batch == 1 || self.busy < BUSY
    }

    fn is_empty(&self) -> bool {
        self.urgent.is_empty() && self.other.is_empty()
    }
}

impl Shared {
    fn add(&self, job: Job, urgent: bool) -> Result<(), StoreError> {
        let mut waiting = self.waiting();
        let queue = if urgent { &mut waiting.urgent } else { &mut waiting.other };
        if queue.len() >= LENGTH {
            return Err(OVERLOADED);
        }
        queue.push_back(job);
        if waiting.has_room() {
            self.come.notify_one();
        }
        Ok(())
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whoever may still ask. When the last of them is gone, so are the workers, each after its last statement.
#[derive(Debug)]
struct Callers(Arc<Shared>);

impl Drop for Callers {
    fn drop(&mut self) {
        self.0.waiting().closed = true;
        self.0.come.notify_waiters();
    }
}
