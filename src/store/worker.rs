//! The store's own tasks. Each owns one connection and carries out one statement, or one batch of them, after another;
//! callers only wait.
//!
//! A statement that takes too long, or a connection that breaks, costs that connection: it is dropped (never
//! reused in an unknown state) and the next statement gets a fresh one. What happened to one connection has probably
//! happened to all, so the other workers ask theirs for a sign of life before they trust it again. So whatever happens
//! to the network, the store answers again as soon as the database can be reached.
//!
//! A worker that panics is replaced; what it had in hand is answered with an error.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures_util::FutureExt;
use sqlx::Error;
use tokio::time::error::Elapsed;
use tokio::time::{Instant, sleep, timeout};
use tracing::{Instrument, debug, error};

use super::StoreError;
use super::batch::{self, Batched};
use super::connection::{Conn, DatabaseUrl, connect};
use super::edge::{Edge, Passage, Try};
use super::failure::Failure;
use super::job::Job;
use super::metrics::StoreMetrics;
use super::queue::{Jobs, Queue, queue};
use super::statement::{Answer, Purpose, Statement};
use super::writable::Writable;

/// For one try of one statement.
const STATEMENT: Duration = Duration::from_secs(2);
/// A connection that was idle for longer is asked whether it still lives before it is trusted with a statement,
const TRUSTED_IDLE: Duration = Duration::from_secs(20);
/// and has so long to answer: a live one takes milliseconds, and giving up one that is only slow costs no more than that.
const SIGN_OF_LIFE: Duration = Duration::from_millis(250);
/// Tries of a batch whose connection breaks, or that finds none.
const BATCH_TRIES: u32 = 3;

/// Connections that an instance keeps to a server: for reads, and for writes.
const READERS: usize = 4;
const WRITERS: usize = 8;
/// Both together.
pub const CONNECTIONS: usize = READERS + WRITERS;
/// Writers that changes which begin something leave to those that finish it.
const KEPT: usize = 2;
/// Before a worker that panicked is replaced, so that one that always does costs little.
const REPLACED_AFTER: Duration = Duration::from_millis(100);

/// Reads and writes queue separately, so that neither waits for the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lane {
    /// Questions.
    Read,
    /// Changes.
    Write,
}

/// All workers of a store.
#[derive(Debug, Clone)]
pub struct Workers {
    reads: Queue,
    writes: Queue,
    writable: Writable,
    metrics: Arc<StoreMetrics>,
}

impl Workers {
    /// Starts them. They end, each after its last statement, when the last clone of this is dropped.
    pub fn start(url: DatabaseUrl, instance: &Arc<str>, largest_batch: usize, edge: Option<&Edge>, metrics: &Arc<StoreMetrics>) -> Self {
        let (readers, writers) = if url.is_sqlite() { (2, 1) } else { (READERS, WRITERS) };
        let doubts = Arc::default();
        let worker = |lane| Worker {
            lane,
            url: url.clone(),
            instance: Arc::clone(instance),
            edge: edge.cloned(),
            conn: None,
            idle_since: Instant::now(),
            doubts: Arc::clone(&doubts),
            cleared: 0,
            metrics: Arc::clone(metrics),
        };
        let start = |lane, workers, beginners| {
            let (queue, jobs) = queue(largest_batch, beginners, edge.is_some());
            for number in 0..workers {
                tokio::spawn(worker(lane).work_on(jobs.clone()).instrument(tracing::debug_span!("store", worker = number)));
            }
            queue
        };
        let reads = start(Lane::Read, readers, readers);
        let writes = start(Lane::Write, writers, writers.saturating_sub(KEPT).max(1));
        Self { reads, writes, writable: Writable::default(), metrics: Arc::clone(metrics) }
    }

    /// What is known of whether the database can write.
    pub fn writable(&self) -> &Writable {
        &self.writable
    }

    /// Has a statement carried out, whether or not the caller stays to hear the answer.
    pub async fn run(&self, purpose: Purpose, lane: Lane, statement: Statement) -> Result<Answer, StoreError> {
        let _held = self.metrics.in_hand(lane);
        let started = Instant::now();
        let outcome = match lane {
            Lane::Read => self.reads.run(statement, purpose).await,
            Lane::Write => {
                let outcome = self.writes.run(statement, purpose).await;
                self.writable.learn(&outcome);
                outcome
            }
        };
        self.metrics.carried_out(lane, &outcome, started.elapsed());
        outcome
    }
}

struct Worker {
    lane: Lane,
    url: DatabaseUrl,
    instance: Arc<str>,
    edge: Option<Edge>,
    conn: Option<Conn>,
    idle_since: Instant,
    /// How often a connection of any worker's has failed.
    doubts: Arc<AtomicU64>,
    /// How many of these failures this worker's connection has outlived.
    cleared: u64,
    metrics: Arc<StoreMetrics>,
}

impl Worker {
    /// Works until there are no more jobs. The place of one that panics goes to another.
    async fn work_on(self, jobs: Jobs) {
        while AssertUnwindSafe(self.replacement().work(jobs.clone())).catch_unwind().await.is_err() {
            error!("a worker of the store has panicked; another takes its place");
            sleep(REPLACED_AFTER).await;
        }
    }

    /// A fresh one, without anything that this one may have broken.
    fn replacement(&self) -> Self {
        Self {
            lane: self.lane,
            url: self.url.clone(),
            instance: Arc::clone(&self.instance),
            edge: self.edge.clone(),
            conn: None,
            idle_since: Instant::now(),
            doubts: Arc::clone(&self.doubts),
            cleared: 0,
            metrics: Arc::clone(&self.metrics),
        }
    }

    async fn work(mut self, jobs: Jobs) {
        let passage = Edge::pass(self.edge.as_ref(), || Try::question("connect")).await;
        self.conn = connect(&self.url, self.lane).await.ok();
        drop(passage);
        while let Some((batch, place)) = jobs.next().await {
            self.metrics.took(self.lane, batch.len());
            match <[Job; 1]>::try_from(batch) {
                Ok([job]) => self.carry_out(job, &jobs).await,
                Err(batch) => self.carry_out_batch(batch, &jobs).await,
            }
            drop(place);
        }
    }

    /// One try of one batch: every caller hears what became of his own statement, or it is tried again by itself.
    async fn carry_out_batch(&mut self, batch: Vec<Job>, jobs: &Jobs) {
        let deadline = batch.first().map(|job| job.deadline);
        let (mut outcome, mut broke) = (self.try_batch(&batch).await, false);
        // As with a single one, a second try is harmless. Many wait for this one, so it has a third.
        for _ in 1..BATCH_TRIES {
            if !matches!(outcome, Ok(Err(Failure::Broken)) | Err(_)) || deadline.is_some_and(|deadline| Instant::now() >= deadline) {
                break;
            }
            broke |= outcome.is_ok();
            outcome = self.try_batch(&batch).await;
        }
        match outcome {
            Ok(Ok(Batched::Done(affected))) => {
                for (job, rows) in batch.into_iter().zip(affected) {
                    job.answer(Ok(Answer::Affected(rows)));
                }
            }
            Ok(Ok(Batched::Apart) | Err(Failure::Conflict | Failure::Contention | Failure::Refused(_))) => jobs.apart(batch, broke),
            Ok(Err(Failure::Broken)) => jobs.apart(batch, true),
            Ok(Err(failure)) => refuse(batch, &failure.into()),
            Err(error) => refuse(batch, &error),
        }
    }

    async fn try_batch(&mut self, batch: &[Job]) -> Result<Result<Batched, Failure>, StoreError> {
        let statements: Vec<_> = batch.iter().map(|job| &job.statement).collect();
        let Some(kind) = statements.first().and_then(|statement| statement.batch_kind()) else { return Ok(Ok(Batched::Apart)) };
        let passage = Edge::pass(self.edge.as_ref(), || Try::of(kind.name(), &statements)).await;
        let outcome = if Passage::arrives(passage.as_ref()) {
            let instance = Arc::clone(&self.instance);
            let conn = self.connected().await?;
            timeout(STATEMENT, batch::execute(kind, &statements, conn, &instance)).await
        } else {
            Ok(Err(Error::WorkerCrashed))
        };
        Ok(self.heard(passage.as_ref(), outcome))
    }

    /// One statement: its caller hears what became of it, or it is tried again later.
    async fn carry_out(&mut self, mut job: Job, jobs: &Jobs) {
        let answer = loop {
            if Instant::now() >= job.deadline {
                break Err(StoreError::Unavailable("too slow"));
            }
            match self.try_one(&job.statement).await {
                Ok(Ok(answer)) => break Ok(answer),
                Ok(Err(Failure::Contention)) => return jobs.put_off(job),
                Ok(Err(Failure::Conflict)) if job.broke => break self.is_our_own(&job.statement).await,
                // Nobody knows whether it was carried out. Its own WHERE, or a unique index, makes a second try
                // harmless; so a database that was restarted is not even noticed.
                Ok(Err(Failure::Broken)) if !job.broke => job.broke = true,
                Ok(Err(failure)) => break Err(failure.into()),
                Err(error) => break Err(error),
            }
        };
        job.answer(answer);
    }

    async fn try_one(&mut self, statement: &Statement) -> Result<Result<Answer, Failure>, StoreError> {
        let passage = Edge::pass(self.edge.as_ref(), || Try::of(statement.name(), &[statement])).await;
        let outcome = if Passage::arrives(passage.as_ref()) {
            let instance = Arc::clone(&self.instance);
            let conn = self.connected().await?;
            timeout(STATEMENT, statement.execute(conn, &instance)).await
        } else {
            Ok(Err(Error::WorkerCrashed))
        };
        Ok(self.heard(passage.as_ref(), outcome))
    }

    /// What the worker hears of a try. A connection is kept only if the database has answered, and not that it is unable.
    fn heard<T>(&mut self, passage: Option<&Passage>, outcome: Result<Result<T, Error>, Elapsed>) -> Result<T, Failure> {
        self.idle_since = Instant::now();
        let heard = Passage::heard(passage, outcome);
        if let Err(failure) = &heard {
            debug!(?failure, "a try failed");
            if matches!(failure, Failure::Broken | Failure::TooSlow) {
                self.doubts.fetch_add(1, Ordering::Relaxed);
            }
            if !matches!(failure, Failure::Conflict | Failure::Contention) {
                self.conn = None;
            }
        }
        heard
    }

    /// After a conflict in a second try: whether it met the row of the first one, which had been carried out after all.
    async fn is_our_own(&mut self, statement: &Statement) -> Result<Answer, StoreError> {
        let passage = Edge::pass(self.edge.as_ref(), || Try::question("find our own")).await;
        let outcome = if Passage::arrives(passage.as_ref()) {
            let conn = self.connected().await?;
            timeout(STATEMENT, statement.has_been_carried_out(conn)).await
        } else {
            Ok(Err(Error::WorkerCrashed))
        };
        match self.heard(passage.as_ref(), outcome) {
            Ok(true) => Ok(Answer::Affected(1)),
            Ok(false) => Err(StoreError::Conflict),
            Err(failure) => Err(failure.into()),
        }
    }

    /// The worker's connection, or a new one if it has none that can be trusted.
    async fn connected(&mut self) -> Result<&mut Conn, StoreError> {
        let doubts = self.doubts.load(Ordering::Relaxed);
        if (self.cleared < doubts || self.idle_since.elapsed() > TRUSTED_IDLE)
            && let Some(conn) = &mut self.conn
            && !matches!(timeout(SIGN_OF_LIFE, conn.ping()).await, Ok(Ok(())))
        {
            self.conn = None;
        }
        self.cleared = doubts;
        match &mut self.conn {
            Some(conn) => Ok(conn),
            none => Ok(none.insert(connect(&self.url, self.lane).await?)),
        }
    }
}

fn refuse(batch: Vec<Job>, error: &StoreError) {
    for job in batch {
        job.answer(Err(error.clone()));
    }
}
