//! The store's own tasks, a worker pool. Each owns one connection and carries out one statement, or one batch of them, after
//! another; callers only wait.
//!
//! A statement that takes too long, or a connection that breaks, costs that connection: it is dropped (never
//! reused in an unknown state) and the next statement gets a fresh one. What happened to one connection has probably
//! happened to all, so the other workers ask theirs for a sign of life before they trust it again. So whatever happens
//! to the network, the store answers again as soon as the database can be reached. Where several servers are named, all workers
//! are connected to the one that is used (`hosts`), and leave it together.
//!
//! A worker that panics is replaced; what it had in hand is answered with an error.

use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures_util::FutureExt;
use sqlx::Error;
use tokio::time::error::Elapsed;
use tokio::time::{Instant, sleep, timeout};
use tracing::{debug, error};

use super::batch::Batched;
use super::connection::Conn;
use super::database_url::DatabaseUrl;
use super::driver_error::DriverError;
use super::error::{Cause, StatementError};
use super::failure::Failure;
use super::fault::{Decision, FaultHook, Try};
use super::host::Host;
use super::job::Job;
use super::lane::Lane;
use super::metrics::StoreMetrics;
use super::queue::Jobs;
use super::seek::Opened;
use super::session::connect_somewhere;
use super::silence::Silence;
use super::statement::Purpose;
use super::work::Work;
use super::writable::Writable;

/// For one try of one statement.
const STATEMENT: Duration = Duration::from_secs(2);
/// Whether a change that takes longer is carried out at all is in doubt.
const DOUBTFUL: Duration = Duration::from_millis(500);
/// A lock that is met so often, in a tenth of a second, may be one on all tables, as a backup's is.
const LOCKED: u32 = 5;
/// A connection that was idle for longer is asked whether it still lives before it is trusted with a statement,
const TRUSTED_IDLE: Duration = Duration::from_secs(20);
/// and has so long to answer: a live one takes milliseconds, and giving up one that is only slow costs no more than that.
const SIGN_OF_LIFE: Duration = Duration::from_millis(250);
/// Tries of a batch whose connection breaks, or that finds none.
const BATCH_TRIES: u32 = 3;
/// Before a worker that panicked is replaced, so that one that always does costs little.
const REPLACED_AFTER: Duration = Duration::from_millis(100);

/// What all workers of a store share.
#[derive(Clone)]
pub struct Shared {
    /// Where they connect to.
    pub url: DatabaseUrl,
    /// In a simulation.
    pub hook: Option<FaultHook>,
    /// How often a connection of any worker's has failed.
    pub doubts: Arc<AtomicU64>,
    /// Notices that a server of several is silent.
    pub silence: Arc<Silence>,
    /// Whether changes can be made.
    pub writable: Writable,
    /// Where they count.
    pub metrics: Arc<StoreMetrics>,
}

/// Works until there are no more jobs. The place of a worker that panics goes to another.
pub async fn work(lane: Lane, shared: Shared, jobs: Jobs) {
    while AssertUnwindSafe(Worker::new(lane, shared.clone()).work(jobs.clone())).catch_unwind().await.is_err() {
        error!("a worker of the store has panicked; another takes its place");
        sleep(REPLACED_AFTER).await;
    }
}

/// One worker.
struct Worker {
    lane: Lane,
    shared: Shared,
    opened: Option<Opened>,
    idle_since: Instant,
    /// How many of the failures of connections this worker's has outlived.
    cleared: u64,
}

impl Worker {
    fn new(lane: Lane, shared: Shared) -> Self {
        Self { lane, shared, opened: None, idle_since: Instant::now(), cleared: 0 }
    }

    async fn work(mut self, jobs: Jobs) {
        let decision = FaultHook::decide(self.shared.hook.as_ref(), || Try::bare("connect")).await;
        self.opened = connect_somewhere(&self.shared.url, self.lane).await.ok();
        drop(decision);
        while let Some((batch, place)) = jobs.next().await {
            self.shared.metrics.took(self.lane, batch.len());
            match <[Job; 1]>::try_from(batch) {
                Ok([job]) => self.carry_out(job, &jobs).await,
                Err(batch) => self.carry_out_batch(batch, &jobs).await,
            }
            drop(place);
        }
    }

    /// One try of one batch: every caller hears what became of its own statement, or it is tried again by itself.
    async fn carry_out_batch(&mut self, mut batch: Vec<Job>, jobs: &Jobs) {
        let deadline = batch.first().map(|job| job.deadline);
        let (mut outcome, mut broke) = (self.try_batch(&mut batch).await, false);
        // As with a single one, a second try is harmless. Many wait for this one, so it has a third.
        for _ in 1..BATCH_TRIES {
            let may_help = matches!(outcome, Ok(Err(Failure::Broken(_) | Failure::TakenBack | Failure::Elsewhere(_))) | Err(_));
            if !may_help || in_time_for(deadline).is_err() {
                break;
            }
            broke |= outcome.is_ok();
            outcome = self.try_batch(&mut batch).await;
        }
        match outcome {
            Ok(Ok(Batched::Done(_))) => batch.into_iter().for_each(|job| job.answer(Ok(()))),
            Ok(Ok(Batched::Apart) | Err(Failure::Conflict | Failure::Contention | Failure::Refused(_))) => jobs.apart(batch, broke),
            Ok(Err(Failure::Broken(_) | Failure::TakenBack)) => jobs.apart(batch, true),
            Ok(Err(Failure::Elsewhere(told))) => batch.into_iter().for_each(|job| self.not_here(job, jobs, &told)),
            Ok(Err(failure)) => refuse(batch, &failure.into()),
            Err(cause) => refuse(batch, &cause.into()),
        }
    }

    async fn try_batch(&mut self, batch: &mut [Job]) -> Result<Result<Batched, Failure>, Cause> {
        let Some(kind) = batch.first().and_then(|job| job.work.kind()) else { return Ok(Ok(Batched::Apart)) };
        let decision = FaultHook::decide(self.shared.hook.as_ref(), || about(batch)).await;
        let outcome = if Decision::arrives(decision.as_ref()) {
            let deadline = batch.first().map(|job| job.deadline);
            let mut works: Vec<&mut dyn Work> = batch.iter_mut().map(|job| &mut *job.work).collect();
            let (conn, watch) = self.connected().await?;
            if in_time_for(deadline).is_err() {
                // The others of it may have time left.
                return Ok(Ok(Batched::Apart));
            }
            watch.in_time(kind.carry_out(&mut works, conn)).await
        } else {
            Ok(Err(Error::WorkerCrashed))
        };
        Ok(self.heard(decision.as_ref(), outcome))
    }

    /// One statement: its caller hears what became of it, or it is tried again later.
    async fn carry_out(&mut self, mut job: Job, jobs: &Jobs) {
        let outcome = loop {
            if Instant::now() >= job.deadline {
                break Err(Cause::TooSlow.into());
            }
            match self.try_one(&mut job).await {
                Ok(Ok(())) => break Ok(()),
                // Whoever is at what would be taken has it.
                Ok(Err(Failure::Contention)) if job.work.is_lease() => break Ok(()),
                Ok(Err(Failure::Contention)) => {
                    if job.put_off >= LOCKED && self.lane == Lane::Write {
                        self.suspect().await;
                    }
                    return jobs.put_off(job, Cause::Contended);
                }
                Ok(Err(Failure::TakenBack)) => {
                    job.broke = true;
                    return jobs.put_off(job, Cause::Contended);
                }
                Ok(Err(Failure::Conflict)) if job.broke => break self.is_stored(&mut job).await,
                // It is not known whether it was carried out. Its own WHERE, or a unique index, makes a second try
                // harmless; so a database that was restarted is not even noticed.
                // Nor is it that another server is asked by now.
                Ok(Err(Failure::Broken(_) | Failure::Elsewhere(_))) if !job.broke => job.broke = true,
                Ok(Err(Failure::Elsewhere(told))) => return self.not_here(job, jobs, &told),
                Ok(Err(failure)) => break Err(failure.into()),
                Err(cause) => break Err(cause.into()),
            }
        };
        job.answer(outcome);
    }

    async fn try_one(&mut self, job: &mut Job) -> Result<Result<(), Failure>, Cause> {
        let decision = FaultHook::decide(self.shared.hook.as_ref(), || about(std::slice::from_ref(job))).await;
        let outcome = if Decision::arrives(decision.as_ref()) {
            let (conn, watch) = self.connected().await?;
            in_time_for(Some(job.deadline))?;
            watch.in_time(job.work.carry_out(conn)).await
        } else {
            Ok(Err(Error::WorkerCrashed))
        };
        Ok(self.heard(decision.as_ref(), outcome))
    }

    /// No server does it now. What brings to an end what was begun is tried until there is no time left: a cluster that has lost a node
    /// finds together again in seconds.
    fn not_here(&self, mut job: Job, jobs: &Jobs, told: &DriverError) {
        self.shared.writable.refused(told);
        let cause = Cause::CannotWrite(told.clone());
        match job.purpose {
            Purpose::Finishes => {
                job.broke = true;
                jobs.put_off(job, cause);
            }
            Purpose::Begins => job.answer(Err(cause.into())),
        }
    }

    /// Whether the server takes any changes is in doubt.
    async fn suspect(&self) {
        self.shared.writable.doubt();
        self.shared.silence.suspect(self.opened.as_ref().and_then(|opened| opened.host.as_ref())).await;
    }

    /// What the worker hears of a try. A connection is kept only if the database has answered, and not that it is unable.
    fn heard<T>(&mut self, decision: Option<&Decision>, outcome: Result<Result<T, Error>, Elapsed>) -> Result<T, Failure> {
        self.idle_since = Instant::now();
        let heard = Decision::heard(decision, outcome);
        if let Err(failure) = &heard {
            debug!(?failure, "a try failed");
            // A report that takes too long says nothing of the connections that payers wait for.
            let is_long_report = self.lane == Lane::Report && matches!(failure, Failure::TooSlow);
            if matches!(failure, Failure::Broken(_) | Failure::TooSlow) && !is_long_report {
                self.shared.doubts.fetch_add(1, Ordering::Relaxed);
            }
            if !matches!(failure, Failure::Conflict | Failure::Contention) {
                self.opened = None;
            }
        }
        heard
    }

    /// After a conflict in a second try: whether it met the row of the first one, which had been carried out after all.
    async fn is_stored(&mut self, job: &mut Job) -> Result<(), StatementError> {
        let decision = FaultHook::decide(self.shared.hook.as_ref(), || Try::bare("find our own")).await;
        let outcome = if Decision::arrives(decision.as_ref()) {
            let (conn, watch) = self.connected().await?;
            watch.in_time(job.work.is_stored(conn)).await
        } else {
            Ok(Err(Error::WorkerCrashed))
        };
        match self.heard(decision.as_ref(), outcome)? {
            true => Ok(()),
            false => Err(StatementError::Conflict),
        }
    }

    /// The worker's connection, or a new one if it has none that can be trusted; and what watches over what is done on it.
    async fn connected(&mut self) -> Result<(&mut Conn, Watch<'_>), Cause> {
        let doubts = self.shared.doubts.load(Ordering::Relaxed);
        let turn = self.shared.url.servers().map(|servers| servers.hosts().turn());
        if self.opened.as_ref().is_some_and(|opened| opened.host.is_some() && Some(opened.turn) != turn) {
            self.opened = None;
        }
        if (self.cleared < doubts || self.idle_since.elapsed() > TRUSTED_IDLE)
            && let Some(opened) = &mut self.opened
            && !matches!(timeout(SIGN_OF_LIFE, opened.conn.ping()).await, Ok(Ok(())))
        {
            self.opened = None;
        }
        self.cleared = doubts;
        let opened = match &mut self.opened {
            Some(opened) => opened,
            none => none.insert(connect_somewhere(&self.shared.url, self.lane).await?),
        };
        let writable = (self.lane == Lane::Write).then_some(&self.shared.writable);
        Ok((&mut opened.conn, Watch { silence: &self.shared.silence, host: opened.host.as_ref(), writable }))
    }
}

/// What watches over a try.
struct Watch<'a> {
    silence: &'a Silence,
    host: Option<&'a Host>,
    /// Of a change.
    writable: Option<&'a Writable>,
}

impl Watch<'_> {
    /// A try, in the time that one has, and as long as its server is not silent.
    async fn in_time<T>(&self, work: impl Future<Output = Result<T, Error>>) -> Result<Result<T, Error>, Elapsed> {
        tokio::select! {
            biased;
            outcome = self.in_time_or_doubted(work) => outcome,
            () = self.silence.falls_on(self.host) => Ok(Err(Error::Io(std::io::ErrorKind::TimedOut.into()))),
        }
    }

    async fn in_time_or_doubted<T>(&self, work: impl Future<Output = T>) -> Result<T, Elapsed> {
        let mut work = pin!(work);
        if let Ok(outcome) = timeout(DOUBTFUL, &mut work).await {
            return Ok(outcome);
        }
        self.writable.inspect(|writable| writable.doubt());
        timeout(STATEMENT - DOUBTFUL, work).await
    }
}

/// Nothing is begun for a caller who was told by then that it took too long: to connect may take a while where there are several servers.
fn in_time_for(deadline: Option<Instant>) -> Result<(), Cause> {
    if deadline.is_some_and(|deadline| Instant::now() >= deadline) { Err(Cause::TooSlow) } else { Ok(()) }
}

/// A try of these, as a hook is told of it.
fn about(jobs: &[Job]) -> Try {
    Try {
        name: jobs.first().map_or("", |job| job.work.name()),
        statements: jobs.len(),
        keys: jobs.iter().filter_map(|job| job.key().map(str::to_owned)).collect(),
        changes: jobs.iter().any(|job| job.work.changes()),
    }
}

fn refuse(batch: Vec<Job>, error: &StatementError) {
    for job in batch {
        job.answer(Err(error.clone()));
    }
}
