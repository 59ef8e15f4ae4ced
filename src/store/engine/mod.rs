//! The engine of the store: workers that own their connections, before them a queue for each lane, and typed statements that
//! wait in it. It knows no table: what a statement asks or changes stands in the room of its table.

pub mod batch;
pub mod cannot_open;
pub mod connection;
pub mod database_url;
pub mod driver_error;
pub mod error;
pub mod failure;
pub mod fault;
pub mod file;
mod host;
mod hosts;
pub mod index_hints;
mod jitter;
mod job;
pub mod lane;
pub mod metrics;
mod pressure;
mod queue;
mod returning;
pub mod seek;
mod servers;
pub mod session;
mod silence;
pub mod sizes;
pub mod statement;
pub mod table_names;
#[cfg(test)]
mod testing;
pub mod values;
mod waiting;
mod work;
mod worker;
mod writable;

use std::sync::atomic::AtomicU64;
use std::sync::{Arc, OnceLock};

use tokio::time::Instant;
use tracing::Instrument;

use database_url::DatabaseUrl;
use error::{Cause, StatementError};
use fault::FaultHook;
use hosts::Hosts;
use lane::Lane;
use metrics::StoreMetrics;
use pressure::Pressure;
use queue::{Queue, queue};
use servers::Servers;
use silence::Silence;
use statement::{Change, Purpose, Query};
use work::{Answer, Work};
use writable::Writable;

/// The engine. Cheap to clone. Until it is started, every statement is refused at once, as one is while the database is away; so
/// a service can answer from its first moment, and its layers need not know.
#[derive(Debug, Clone, Default)]
pub struct Engine {
    lanes: Arc<OnceLock<Lanes>>,
    /// Shown from the start.
    metrics: Arc<StoreMetrics>,
    pressure: Pressure,
}

/// The queues before the workers.
#[derive(Debug)]
struct Lanes {
    reads: Queue,
    writes: Queue,
    reports: Queue,
    writable: Writable,
    /// Which of several servers is used.
    hosts: Option<Arc<Hosts>>,
}

impl Engine {
    /// Starts the workers, at most `largest_batch` of whose changes travel in one transaction. They end, each after its last
    /// statement, when the last clone of this is dropped.
    pub fn start(&self, url: &DatabaseUrl, largest_batch: usize, hook: Option<&FaultHook>) {
        let largest_batch = largest_batch.clamp(1, sizes::LARGEST);
        let is_sqlite = url.is_sqlite();
        let writable = Writable::default();
        let shared = worker::Shared {
            url: url.clone(),
            hook: hook.cloned(),
            doubts: Arc::new(AtomicU64::new(0)),
            silence: Arc::new(Silence::of(url)),
            writable: writable.clone(),
            metrics: Arc::clone(&self.metrics),
        };
        let start = |lane: Lane| {
            let (queue, jobs) = queue(largest_batch, lane.beginners(is_sqlite), hook.is_some());
            for number in 0..lane.connections(is_sqlite) {
                let work = worker::work(lane, shared.clone(), jobs.clone());
                tokio::spawn(work.instrument(tracing::debug_span!("store", worker = number)));
            }
            queue
        };
        if url.servers().is_some_and(Servers::may_be_several) {
            let lanes = Arc::downgrade(&self.lanes);
            tokio::spawn(returning::look_after(url.clone(), move || lanes.strong_count() > 0));
        }
        let hosts = url.servers().map(|servers| Arc::clone(servers.hosts()));
        self.lanes.get_or_init(|| Lanes {
            reads: start(Lane::Read),
            writes: start(Lane::Write),
            reports: start(Lane::Report),
            writable,
            hosts,
        });
    }

    /// Asks a question that a payer or a shop waits for.
    ///
    /// # Errors
    /// It was not answered.
    pub async fn ask<Q: Query>(&self, query: Q) -> Result<Q::Answer, StatementError> {
        self.ask_for(Purpose::Begins, query).await
    }

    /// The same, when it is known what it is for.
    ///
    /// # Errors
    /// It was not answered.
    pub async fn ask_for<Q: Query>(&self, purpose: Purpose, query: Q) -> Result<Q::Answer, StatementError> {
        let (work, answer) = work::asking(query);
        self.run(Lane::Read, purpose, work, answer).await
    }

    /// Asks a question of an operator or a scrape: no payer ever waits behind it.
    ///
    /// # Errors
    /// It was not answered.
    pub async fn report<Q: Query>(&self, query: Q) -> Result<Q::Answer, StatementError> {
        let (work, answer) = work::asking(query);
        self.run(Lane::Report, Purpose::Begins, work, answer).await
    }

    /// Has a change carried out, whether or not the caller stays to hear how many rows it has changed.
    ///
    /// # Errors
    /// A unique index refused it; or it is not known whether it was carried out.
    pub async fn change<C: Change>(&self, change: C) -> Result<u64, StatementError> {
        self.change_for(C::PURPOSE, change).await
    }

    /// The same, when it is known what it is for.
    ///
    /// # Errors
    /// As [`Engine::change`].
    pub async fn change_for<C: Change>(&self, purpose: Purpose, change: C) -> Result<u64, StatementError> {
        let _in_hand = (!C::YIELDS).then(|| self.pressure.hold());
        let (work, answer) = work::changing(change);
        let outcome = self.run(Lane::Write, purpose, work, answer).await;
        self.lanes.get().inspect(|lanes| lanes.writable.learn(&outcome));
        outcome
    }

    /// Whether so many changes are in hand that work in the background should wait.
    pub fn is_pressed(&self) -> bool {
        self.pressure.is_high()
    }

    /// Whether changes can be made, as far as it is known without trying: `None` if it must be tried.
    pub fn can_write(&self) -> Option<Result<(), Cause>> {
        let Some(Lanes { writable, .. }) = self.lanes.get() else { return Some(Err(Cause::Closed)) };
        match writable.unable() {
            Some(cause) => Some(Err(cause)),
            None => (!writable.is_doubted()).then_some(Ok(())),
        }
    }

    /// Which of several servers is used, and whether it is the preferred one. `None`: there is one.
    pub fn server(&self) -> Option<(String, bool)> {
        let hosts = self.lanes.get()?.hosts.as_ref().filter(|hosts| hosts.are_several())?;
        hosts.used().map(|used| (used.to_string(), hosts.preferred().is_empty()))
    }

    /// What is counted of its work.
    pub fn metrics(&self) -> &StoreMetrics {
        &self.metrics
    }

    async fn run<T>(&self, lane: Lane, purpose: Purpose, work: Box<dyn Work>, answer: Answer<T>) -> Result<T, StatementError> {
        let Some(Lanes { reads, writes, reports, .. }) = self.lanes.get() else { return Err(Cause::Closed.into()) };
        let _held = self.metrics.in_hand(lane);
        let started = Instant::now();
        let outcome = match lane {
            Lane::Read => reads.run(work, answer, purpose).await,
            Lane::Report => reports.run(work, answer, purpose).await,
            Lane::Write => writes.run(work, answer, purpose).await,
        };
        self.metrics.carried_out(lane, &outcome, started.elapsed());
        outcome
    }
}
