//! What waits for the workers: a priority queue with load shedding and group commit. Under more load than the database
//! bears, what was begun comes first: a payment to be stored or a link to be noted overtakes what would begin something
//! new, and a caller that has waited for a worker for most of a second is sent away to come again.
//!
//! A worker that becomes free takes the statement that waits longest, and with it those behind that can travel in the same batch. So
//! no statement ever waits for company, and the more there is to do, the less each of it costs.
//!
//! How many may travel together follows from how it goes. As long as batches are quick, they grow, and few workers are
//! busy at a time, for those make the largest batches. When one takes long (a database at its limits), and after a rest,
//! every statement goes alone over all connections: a batch of slow rows would be too slow for each of them.
//!
//! Workers are scarce, so none of them waits for another. What meets a lock comes back later; a worker that is held up all
//! the same (MySQL waits a second for a lock, a connection has to be made) soon does not count as busy any more; and what
//! begins something never has all of them.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, timeout_at};

use super::error::{Cause, StatementError};
use super::jitter::up_to;
use super::job::Job;
use super::statement::Purpose;
use super::waiting::{Limits, Waiting};
use super::work::{Answer, Work};

/// From being asked to the last try: inside WeChat's five seconds and the front ends' eight.
const PATIENCE: Duration = Duration::from_millis(3500);
/// A statement that begins something waits so long for its turn, or for a lock: callers are to hear within a second that
/// there is too much to do.
const TURN: Duration = Duration::from_millis(800);
/// As [`Limits::quick`] and [`Limits::rest`].
const QUICK: Duration = Duration::from_millis(250);
const REST: Duration = Duration::from_millis(20);
/// The pause after the first lock that is met; twice as long after each further one, up to the longest.
const PAUSE: Duration = Duration::from_millis(5);
const LONGEST_PAUSE: Duration = Duration::from_millis(250);
/// What has met a lock, or lost a deadlock, so often is given up: more often than there is time for.
const PUT_OFFS: u32 = 40;

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
    state: Mutex<State>,
    /// Told when there is something for one more worker.
    come: Notify,
    pause: Duration,
}

#[derive(Debug)]
struct State {
    waiting: Waiting,
    /// Idle workers that look again by themselves when time has passed.
    watchers: usize,
    /// There will be no more.
    closed: bool,
}

/// Both ends of a new queue. In a simulation time is passed by hand, so there the machine's ends no turn.
pub fn queue(largest_batch: usize, beginners: usize, simulated: bool) -> (Queue, Jobs) {
    const FOR_EVER: Duration = Duration::from_secs(3600);
    let (patience, turn) = if simulated { (FOR_EVER, FOR_EVER) } else { (PATIENCE, TURN) };
    let (quick, rest, pause) = if simulated { (FOR_EVER, FOR_EVER, Duration::ZERO) } else { (QUICK, REST, PAUSE) };
    let waiting = Waiting::new(Limits { largest_batch, beginners, quick, rest }, Instant::now());
    let shared = Arc::new(Shared { state: Mutex::new(State { waiting, watchers: 0, closed: false }), come: Notify::new(), pause });
    (Queue { callers: Arc::new(Callers(Arc::clone(&shared))), patience, turn }, Jobs(shared))
}

impl Queue {
    /// Has a statement carried out, whether or not the caller stays to hear the answer.
    pub async fn run<T>(&self, work: Box<dyn Work>, mut answer: Answer<T>, purpose: Purpose) -> Result<T, StatementError> {
        let now = Instant::now();
        let deadline = now + self.patience;
        let turn = match purpose {
            Purpose::Finishes => deadline,
            Purpose::Begins => now + self.turn,
        };
        let (job, ticket) = Job::new(work, purpose, turn, deadline);
        if !self.callers.0.add(job, now) {
            return Err(Cause::Overloaded.into());
        }
        let outcome = match timeout_at(turn, &mut answer).await {
            Err(_) if ticket.give_up() => return Err(Cause::Overloaded.into()),
            // Its turn has come; now it can only be waited for.
            Err(_) => timeout_at(deadline, answer).await,
            answered => answered,
        };
        match outcome {
            Ok(Ok(outcome)) => outcome,
            // It panicked, or the service is stopping.
            Ok(Err(_)) => Err(Cause::WorkerGone.into()),
            // The last try may still be under way, at the latest until its own limits end it.
            Err(_) => Err(Cause::TooSlow.into()),
        }
    }
}

impl Jobs {
    /// Those whose turn it is: one, or a batch of one kind about different orders, and the place that they take among what
    /// is being carried out. `None` when there will be no more.
    pub async fn next(&self) -> Option<(Vec<Job>, Place)> {
        let Self(shared) = self;
        loop {
            let come = shared.come.notified();
            let now = Instant::now();
            let look_again = {
                let mut state = shared.state();
                if let Some((number, jobs)) = state.waiting.take(now) {
                    if !state.waiting.is_empty() {
                        shared.come.notify_one();
                    }
                    return Some((jobs, Place { jobs: self.clone(), number }));
                }
                if state.closed && state.waiting.is_empty() {
                    return None;
                }
                let look_again = state.waiting.changes_by_itself(now);
                state.watchers += usize::from(look_again.is_some());
                look_again
            };
            match look_again {
                Some(time) => {
                    let _ = timeout_at(time, come).await;
                    shared.state().watchers -= 1;
                }
                None => come.await,
            }
        }
    }

    /// Takes a batch apart: each goes by itself, before all others and perhaps through another worker.
    pub fn apart(&self, batch: Vec<Job>, broke: bool) {
        for mut job in batch.into_iter().rev() {
            job.broke = broke;
            self.0.state().waiting.add_first(job.once_more());
            self.0.come.notify_one();
        }
    }

    /// Has what could not be done now, because of a lock that was met or for another reason, tried again after a pause, or refuses it
    /// for this cause when there is no time left. Of those that met at one row each waits for another while.
    pub fn put_off(&self, mut job: Job, why: Cause) {
        let pause = (self.0.pause * 2_u32.saturating_pow(job.put_off)).min(LONGEST_PAUSE);
        let time = Instant::now() + pause / 2 + up_to(pause / 2);
        if job.put_off >= PUT_OFFS || time >= job.turn {
            return job.answer(Err(why.into()));
        }
        job.put_off += 1;
        self.0.state().waiting.add_later(job.once_more(), time, why == Cause::Contended);
        self.0.come.notify_one();
    }
}

/// A place among what is being carried out. It is given back whatever becomes of the worker: also when that panics.
#[derive(Debug)]
pub struct Place {
    jobs: Jobs,
    number: u64,
}

impl Drop for Place {
    fn drop(&mut self) {
        let Jobs(shared) = &self.jobs;
        let mut state = shared.state();
        state.waiting.give_back(self.number, Instant::now());
        if state.closed {
            // Workers that have nothing to do any more are to end.
            shared.come.notify_waiters();
        }
        if !state.waiting.is_empty() {
            shared.come.notify_one();
        }
    }
}

impl Shared {
    /// `false`: too many wait already.
    fn add(&self, job: Job, now: Instant) -> bool {
        let mut state = self.state();
        let is_added = state.waiting.add(job, now);
        if is_added && (state.watchers == 0 || state.waiting.has_room(now)) {
            self.come.notify_one();
        }
        is_added
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The callers that may still ask. When the last of them is gone, so are the workers, each after its last statement.
#[derive(Debug)]
struct Callers(Arc<Shared>);

impl Drop for Callers {
    fn drop(&mut self) {
        self.0.state().closed = true;
        self.0.come.notify_waiters();
    }
}

#[cfg(test)]
mod tests;
