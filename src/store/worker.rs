//! The store's own tasks. Each owns one connection and carries out one statement after another; callers only wait.
//!
//! A statement that takes too long, or a connection that breaks, costs that connection: it is dropped (never
//! reused in an unknown state) and the next statement gets a fresh one. What happened to one connection has probably
//! happened to all, so the other workers ask theirs for a sign of life before they trust it again. So whatever happens
//! to the network, the store answers again as soon as the database can be reached.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sqlx::Error;
use sqlx::mysql::MySqlDatabaseError;
use tokio::time::{Instant, sleep, timeout};
use tracing::{Instrument, debug, warn};

use super::StoreError;
use super::connection::{Conn, DatabaseUrl, connect};
use super::edge::{Edge, Passage};
use super::queue::{Job, Jobs, Queue, queue};
use super::statement::{Answer, Statement};

/// For one try of one statement.
const STATEMENT: Duration = Duration::from_secs(2);
/// A connection that was idle for longer is asked whether it still lives before it is trusted with a statement,
const TRUSTED_IDLE: Duration = Duration::from_secs(20);
/// and has so long to answer: a live one takes milliseconds, and giving up one that is only slow costs no more than that.
const SIGN_OF_LIFE: Duration = Duration::from_millis(250);
/// Deadlocks are normal on a cluster; a sixth one in a row is overload.
const RETRIES: u32 = 5;

/// Connections that an instance keeps to a server: for reads, and for writes.
const READERS: usize = 4;
const WRITERS: usize = 8;
/// Both together.
pub const CONNECTIONS: usize = READERS + WRITERS;
/// A database that could not write is taken for one that still cannot, for so long after the last try that failed.
const UNABLE: Duration = Duration::from_secs(10);
const CANNOT_WRITE: &str = "the server cannot write now";

/// Reads and writes queue separately, so that neither waits for the other.
#[derive(Debug, Clone, Copy)]
pub enum Lane {
    Read,
    Write,
}

/// All workers of a store.
#[derive(Debug, Clone)]
pub struct Workers {
    reads: Queue,
    writes: Queue,
    unable: Unable,
}

/// When a write last failed because the database could not write, if none has succeeded since.
#[derive(Debug, Clone, Default)]
struct Unable(Arc<Mutex<Option<Instant>>>);

impl Unable {
    fn note(&self, since: Option<Instant>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = since;
    }
}

impl Workers {
    /// Starts them. They end, each after its last statement, when the last clone of this is dropped.
    pub fn start(url: DatabaseUrl, instance: &Arc<str>, edge: Option<&Edge>) -> Self {
        let (readers, writers) = if url.is_sqlite() { (2, 1) } else { (READERS, WRITERS) };
        let (doubts, unable) = (Arc::default(), Unable::default());
        let lane = |workers| lane(&url, workers, instance, edge, &doubts);
        Self { reads: lane(readers), writes: lane(writers), unable }
    }

    /// Whether a write has failed within the last seconds because the database could not write, and none has succeeded since.
    pub fn cannot_write(&self) -> bool {
        self.unable.0.lock().unwrap_or_else(PoisonError::into_inner).is_some_and(|since| since.elapsed() < UNABLE)
    }

    /// Has a statement carried out, whether or not the caller stays to hear the answer.
    pub async fn run(&self, lane: Lane, statement: Statement) -> Result<Answer, StoreError> {
        match lane {
            Lane::Read => self.reads.run(statement).await,
            Lane::Write => {
                let outcome = self.writes.run(statement).await;
                match &outcome {
                    Ok(_) => self.unable.note(None),
                    Err(StoreError::Unavailable(CANNOT_WRITE)) => self.unable.note(Some(Instant::now())),
                    Err(_) => {}
                }
                outcome
            }
        }
    }
}

fn lane(url: &DatabaseUrl, workers: usize, instance: &Arc<str>, edge: Option<&Edge>, doubts: &Arc<AtomicU64>) -> Queue {
    let (queue, jobs) = queue(edge.is_some());
    for number in 0..workers {
        let worker = Worker {
            url: url.clone(),
            instance: Arc::clone(instance),
            edge: edge.cloned(),
            conn: None,
            idle_since: Instant::now(),
            doubts: Arc::clone(doubts),
            cleared: 0,
        };
        tokio::spawn(worker.work(jobs.clone()).instrument(tracing::debug_span!("store", worker = number)));
    }
    queue
}

struct Worker {
    url: DatabaseUrl,
    instance: Arc<str>,
    edge: Option<Edge>,
    conn: Option<Conn>,
    idle_since: Instant,
    /// How often a connection of any worker's has failed.
    doubts: Arc<AtomicU64>,
    /// How many of these failures this worker's connection has outlived.
    cleared: u64,
}

impl Worker {
    async fn work(mut self, jobs: Jobs) {
        let passage = Edge::pass(self.edge.as_ref(), "connect").await;
        self.conn = connect(&self.url).await.ok();
        drop(passage);
        while let Some(job) = jobs.next().await {
            let answer = self.carry_out(&job).await;
            if let Err(error @ (StoreError::Unavailable(_) | StoreError::Refused(_))) = &answer {
                warn!(%error, "a statement failed");
            }
            let _ = job.reply.send(answer);
        }
    }

    async fn carry_out(&mut self, job: &Job) -> Result<Answer, StoreError> {
        let mut retries = 0;
        let mut broke = false;
        loop {
            if Instant::now() >= job.deadline {
                return Err(StoreError::Unavailable("too slow"));
            }
            let passage = Edge::pass(self.edge.as_ref(), job.statement.name()).await;
            let outcome = if Passage::arrives(passage.as_ref()) {
                let instance = Arc::clone(&self.instance);
                let conn = self.connected().await?;
                timeout(STATEMENT, job.statement.execute(conn, &instance)).await
            } else {
                Ok(Err(Error::WorkerCrashed))
            };
            self.idle_since = Instant::now();
            let failure = match Passage::heard(passage.as_ref(), outcome) {
                Ok(answer) => return Ok(answer),
                Err(failure) => failure,
            };
            debug!(?failure, "a try failed");
            if matches!(failure, Failure::Broken | Failure::TooSlow) {
                self.doubts.fetch_add(1, Ordering::Relaxed);
            }
            match failure {
                Failure::Conflict if broke => return self.is_our_own(&job.statement).await,
                Failure::Conflict => return Err(StoreError::Conflict),
                Failure::Contention if retries < RETRIES => {
                    retries += 1;
                    sleep(Duration::from_millis(3 << retries)).await;
                }
                // Nobody knows whether it was carried out. Its own WHERE, or a unique index, makes a second try
                // harmless; so a database that was restarted is not even noticed.
                Failure::Broken if !broke => {
                    self.conn = None;
                    broke = true;
                }
                failure => {
                    self.conn = None;
                    return Err(failure.into());
                }
            }
        }
    }

    /// After a conflict in a second try: whether it met the row of the first one, which had been carried out after all.
    async fn is_our_own(&mut self, statement: &Statement) -> Result<Answer, StoreError> {
        let conn = self.connected().await?;
        match timeout(STATEMENT, statement.has_been_carried_out(conn)).await {
            Ok(Ok(true)) => Ok(Answer::Affected(1)),
            Ok(Ok(false)) => Err(StoreError::Conflict),
            _ => {
                self.conn = None;
                Err(StoreError::Unavailable("the connection broke"))
            }
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
            none => Ok(none.insert(connect(&self.url).await?)),
        }
    }
}

/// What a failed try means.
#[derive(Debug)]
pub enum Failure {
    /// A unique index refused the row.
    Conflict,
    /// A deadlock or a lock held too long: the statement alone was rolled back.
    Contention,
    /// The connection is gone; the statement may have been carried out.
    Broken,
    /// No answer in time; the statement may have been carried out.
    TooSlow,
    /// The server cannot do it now: read-only after a fail-over, shutting down, disk full.
    Unable,
    /// The statement is wrong for this schema. Only the number goes on: the text may quote values.
    Refused(String),
}

impl Failure {
    pub fn of(error: &Error) -> Self {
        let Error::Database(database) = error else {
            return match error {
                Error::Io(_) | Error::Tls(_) | Error::Protocol(_) | Error::WorkerCrashed => Self::Broken,
                Error::ColumnDecode { index, .. } => Self::Refused(format!("column {index} cannot be read")),
                _ => Self::Refused("an unexpected answer".to_owned()),
            };
        };
        if database.is_unique_violation() {
            return Self::Conflict;
        }
        if let Some(mysql) = database.try_downcast_ref::<MySqlDatabaseError>() {
            return match mysql.number() {
                // Deadlock, lock wait; record changed (Galera); TiDB's write conflicts.
                1213 | 1205 | 1020 | 8002 | 8028 | 9007 => Self::Contention,
                // Shutting down, connection killed or timed out.
                1053 | 1927 | 4031 | 1152 | 1158..=1161 => Self::Broken,
                // Read-only, no quorum, disk full, interrupted, too many connections.
                1290 | 1792 | 1836 | 1047 | 1021 | 1114 | 1030 | 1317 | 1969 | 3024 | 1040 => Self::Unable,
                number => Self::Refused(format!("error {number}")),
            };
        }
        // SQLite's primary result code is the low byte of the extended one.
        match database.code().and_then(|code| code.parse::<u32>().ok()).map(|code| code & 0xff) {
            Some(5 | 6) => Self::Contention,
            Some(8 | 10 | 13 | 14) => Self::Unable,
            code => Self::Refused(format!("SQLite error {code:?}")),
        }
    }
}

impl From<Failure> for StoreError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Conflict => Self::Conflict,
            Failure::Contention => Self::Unavailable("too much contention"),
            Failure::Broken => Self::Unavailable("the connection broke"),
            Failure::TooSlow => Self::Unavailable("no answer in time"),
            Failure::Unable => Self::Unavailable(CANNOT_WRITE),
            Failure::Refused(why) => Self::Refused(why),
        }
    }
}
