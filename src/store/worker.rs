//! The store's own tasks. Each owns one connection and carries out one statement after another; callers only wait.
//!
//! A statement that takes too long, or a connection that breaks, costs that connection: it is dropped (never
//! reused in an unknown state) and the next statement gets a fresh one. So whatever happens to the network, the store
//! answers again as soon as the database can be reached.

use std::sync::Arc;
use std::time::Duration;

use sqlx::Error;
use sqlx::mysql::MySqlDatabaseError;
use tokio::sync::{Mutex, mpsc, oneshot};
use tokio::time::{Instant, sleep, timeout};
use tracing::{Instrument, debug, warn};

use super::StoreError;
use super::connection::{Conn, DatabaseUrl, connect};
use super::edge::{Edge, Passage};
use super::statement::{Answer, Statement};

/// For one try of one statement.
const STATEMENT: Duration = Duration::from_secs(2);
/// From being asked to the last try: inside WeChat's five seconds and the front ends' eight.
const PATIENCE: Duration = Duration::from_millis(3500);
/// A connection that was idle for longer is asked whether it still lives before it is trusted with a statement.
const TRUSTED_IDLE: Duration = Duration::from_secs(20);
/// More waiting statements than this are more than can be served in time.
const QUEUE: usize = 1024;
/// Deadlocks are normal on a cluster; a sixth one in a row is overload.
const RETRIES: u32 = 5;

/// Reads and writes queue separately, so that neither waits for the other.
#[derive(Debug, Clone, Copy)]
pub enum Lane {
    Read,
    Write,
}

struct Job {
    statement: Statement,
    reply: oneshot::Sender<Result<Answer, StoreError>>,
    deadline: Instant,
}

/// All workers of a store.
#[derive(Debug, Clone)]
pub struct Workers {
    reads: mpsc::Sender<Job>,
    writes: mpsc::Sender<Job>,
}

impl Workers {
    /// Starts them. They end, each after its last statement, when the last clone of this is dropped.
    pub fn start(url: DatabaseUrl, instance: &Arc<str>, edge: Option<&Edge>) -> Self {
        let (readers, writers) = if url.is_sqlite() { (2, 1) } else { (4, 8) };
        Self { reads: lane(&url, readers, instance, edge), writes: lane(&url, writers, instance, edge) }
    }

    /// Has a statement carried out, whether or not the caller stays to hear the answer.
    pub async fn run(&self, lane: Lane, statement: Statement) -> Result<Answer, StoreError> {
        let queue = match lane {
            Lane::Read => &self.reads,
            Lane::Write => &self.writes,
        };
        let (reply, answer) = oneshot::channel();
        let job = Job { statement, reply, deadline: Instant::now() + PATIENCE };
        queue.try_send(job).map_err(|_| StoreError::Unavailable("too many statements are waiting"))?;
        answer.await.unwrap_or(Err(StoreError::Unavailable("the store is stopping")))
    }
}

fn lane(url: &DatabaseUrl, workers: usize, instance: &Arc<str>, edge: Option<&Edge>) -> mpsc::Sender<Job> {
    let (sender, receiver) = mpsc::channel(QUEUE);
    let queue = Arc::new(Mutex::new(receiver));
    for number in 0..workers {
        let worker =
            Worker { url: url.clone(), instance: Arc::clone(instance), edge: edge.cloned(), conn: None, idle_since: Instant::now() };
        tokio::spawn(worker.work(Arc::clone(&queue)).instrument(tracing::debug_span!("store", worker = number)));
    }
    sender
}

struct Worker {
    url: DatabaseUrl,
    instance: Arc<str>,
    edge: Option<Edge>,
    conn: Option<Conn>,
    idle_since: Instant,
}

impl Worker {
    async fn work(mut self, queue: Arc<Mutex<mpsc::Receiver<Job>>>) {
        let passage = Edge::pass(self.edge.as_ref(), "connect").await;
        self.conn = connect(&self.url).await.ok();
        drop(passage);
        loop {
            let next = queue.lock().await.recv().await;
            let Some(job) = next else { return };
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
            match failure {
                Failure::Conflict => return Err(StoreError::Conflict),
                Failure::Contention if retries < RETRIES => {
                    retries += 1;
                    sleep(Duration::from_millis(3 << retries)).await;
                }
                // Nobody knows whether it was carried out. Its own WHERE makes a second try harmless, once.
                Failure::Broken if !broke && job.statement.may_repeat() => {
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

    /// The worker's connection, or a new one if it has none that can be trusted.
    async fn connected(&mut self) -> Result<&mut Conn, StoreError> {
        if self.idle_since.elapsed() > TRUSTED_IDLE
            && let Some(conn) = &mut self.conn
            && !matches!(timeout(Duration::from_secs(1), conn.ping()).await, Ok(Ok(())))
        {
            self.conn = None;
        }
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
            Failure::Unable => Self::Unavailable("the server cannot write now"),
            Failure::Refused(why) => Self::Refused(why),
        }
    }
}
