//! Where deals are kept: MySQL/MariaDB, or SQLite as the embedded default. All SQL of the crate lives in here.
//!
//! A caller hands a `Statement` to the store's own workers (`worker`), each of which owns one connection, and waits for the
//! answer; those of one kind that wait together travel together (`batch`). Nobody outside ever holds a connection, so a
//! caller that goes away abandons the wait and never the work, and no connection can be left in the middle of something.
//! (sqlx's pool loses acknowledged writes after a cancelled `begin()` and does not recover from black-holed connections;
//! here there is no pool, and a worker that is interrupted in a transaction drops its connection.)
//!
//! Every change is one statement whose WHERE names the state that it expects, and whose affected rows are looked at.
//! What the journal must tell of is committed together with its event, or neither is.

mod adoptable;
mod batch;
mod check;
mod connection;
mod dry_run;
mod edge;
mod event;
mod execute;
mod failure;
mod find;
mod foreign_clock;
mod inspect;
mod job;
mod metrics;
mod migrate;
mod probe;
mod queue;
mod row;
mod statement;
mod undecided;
mod unique;
mod values;
mod waiting;
mod worker;
mod writable;

use std::sync::{Arc, Mutex, PoisonError};

use tracing::warn;

use crate::deal::{Deal, DealStatus, Fen, OrderId, Timestamp};
use crate::wechat::{Evidence, PaidTrade, Prepaid};

pub use batch::LARGEST as LARGEST_BATCH;
pub use check::WrongSchema;
pub use connection::{DatabaseUrl, InvalidDatabaseUrl};
pub use dry_run::{Adoption, DryRun};
pub use edge::{Edge, Fate, Passage, Try};
pub use event::{Event, EventKind, Origin, StoredEvent};
pub use foreign_clock::ForeignClock;
pub use inspect::{Found, Inspection, Leftovers, Server};
pub use metrics::StoreMetrics;
pub use migrate::FOLLOWED;
use row::DealRow;
pub use row::ImpossibleRow;
use statement::{Answer, Purpose, Statement};
pub use undecided::Undecided;
pub use worker::CONNECTIONS;
use worker::{Lane, Workers};

/// Why the store could not do it.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    /// The database is away, too slow or overloaded. Whether the statement was carried out is unknown.
    #[error("the database is not available: {0}")]
    Unavailable(&'static str),
    /// A unique index says that the row exists already.
    #[error("the row exists already")]
    Conflict,
    /// A row holds what no program should have written.
    #[error("{0}")]
    ImpossibleRow(#[from] ImpossibleRow),
    /// The database refused the statement: a fault of ours, or of the schema.
    #[error("the database refused the statement: {0}")]
    Refused(String),
    /// The schema is not one that this service can work with.
    #[error("{0}")]
    WrongSchema(#[from] WrongSchema),
}

/// A deal about to be opened.
#[derive(Debug, Clone)]
pub struct NewDeal {
    /// Our number for it.
    pub order_id: OrderId,
    /// Who sells.
    pub merchant_id: i64,
    /// What is sold.
    pub product_id: i64,
    /// What is charged.
    pub price: Fen,
    /// The caller's `Idempotency-Key`.
    pub idempotency_key: Option<String>,
    /// The nonce of the signed offer that it is opened with.
    pub signed_nonce: Option<String>,
    /// The exact bytes that WeChat will be asked with.
    pub prepay_request: String,
    /// Until when the one who opens it is asking WeChat.
    pub asking_until: Timestamp,
    /// Now.
    pub created_at: Timestamp,
    /// Until when it can be paid.
    pub expires_at: Timestamp,
    /// When it is first looked at.
    pub due_at: Timestamp,
}

/// How the asking for a QR link ended, to be written down.
#[derive(Debug, Clone)]
pub enum PrepayNote {
    /// WeChat gave a link.
    Link(Prepaid),
    /// WeChat said no; its words.
    Refused(String),
    /// Nobody knows. Whoever asks again must send the identical request.
    Unknown,
}

/// Whether what is acknowledged would survive a power cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// Every commit is on disk before it is acknowledged.
    Full,
    /// `innodb_flush_log_at_trx_commit` has this value instead of 1.
    Weak(i64),
    /// The redo log is safe, but there is a binary log and `sync_binlog` has this value instead of 1.
    LooseBinlog(i64),
}

impl Durability {
    /// By the values of `innodb_flush_log_at_trx_commit` and, where there is a binary log, `sync_binlog`.
    fn of(flush: i64, sync: i64) -> Self {
        match (flush, sync) {
            (1, 1) => Self::Full,
            (1, other) => Self::LooseBinlog(other),
            (other, _) => Self::Weak(other),
        }
    }
}

/// What of the database's own affairs matters to whoever runs the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Condition {
    /// How it keeps what it acknowledges.
    pub durability: Durability,
    /// How many connections it allows, to everybody together. `None`: it is a file of ours.
    pub connections: Option<i64>,
    /// What its clock says, in whole seconds. `None`: it is ours.
    pub clock: Option<Timestamp>,
    /// By which clock other programs' rows are written.
    pub foreign_clock: ForeignClock,
}

/// What a look that failed may tell: the driver's own words could show rows.
fn not_told(error: &sqlx::Error) -> StoreError {
    match error.as_database_error() {
        Some(database) => StoreError::Refused(database.message().to_owned()),
        None => StoreError::Unavailable("the connection broke"),
    }
}

/// The store. Cheap to clone; all clones share the workers.
#[derive(Debug, Clone)]
pub struct Store {
    workers: Workers,
    /// As last seen.
    foreign_clock: Arc<Mutex<ForeignClock>>,
}

impl Store {
    /// Connects, migrates the schema and checks what safety rests on.
    /// `instance` is this one's name in the journal; at most `largest_batch` changes travel in one transaction.
    pub async fn open(url: &DatabaseUrl, instance: &str, largest_batch: usize, now: Timestamp) -> Result<Self, StoreError> {
        Self::open_at(url, instance, largest_batch, now, None).await
    }

    /// The same with somebody at the edge who decides what becomes of every statement: for simulations.
    pub async fn open_at(
        url: &DatabaseUrl,
        instance: &str,
        largest_batch: usize,
        now: Timestamp,
        edge: Option<&Edge>,
    ) -> Result<Self, StoreError> {
        migrate::migrate(url, now).await?;
        let mut conn = connection::connect(url, Lane::Read).await?;
        check::check(&mut conn).await?;
        let foreign_clock =
            ForeignClock::read_from(&mut conn).await.map_err(|_| StoreError::Unavailable("the server's time zone cannot be read"))?;
        let workers = Workers::start(url.clone(), &instance.into(), largest_batch.clamp(1, LARGEST_BATCH), edge);
        Ok(Self { workers, foreign_clock: Arc::new(Mutex::new(foreign_clock)) })
    }

    /// Brings the schema up to date and checks it, without serving. Returns the steps taken.
    pub async fn migrate(url: &DatabaseUrl, now: Timestamp) -> Result<Vec<&'static str>, StoreError> {
        let steps = migrate::migrate(url, now).await?;
        check::check(&mut connection::connect(url, Lane::Read).await?).await?;
        Ok(steps)
    }

    /// Says what [`Store::migrate`] would do, and changes nothing.
    pub async fn dry_run(url: &DatabaseUrl, now: Timestamp) -> Result<DryRun, StoreError> {
        dry_run::dry_run(url, now).await
    }

    /// Looks at a database without opening it for service, and changes nothing.
    pub async fn inspect(url: &DatabaseUrl, now: Timestamp) -> Result<Inspection, StoreError> {
        inspect::inspect(url, now).await
    }

    /// Asks the database how it does; an error when it cannot be reached.
    pub async fn condition(&self) -> Result<Condition, StoreError> {
        match self.workers.run(Lane::Read, Statement::Condition).await? {
            Answer::Condition(condition) => {
                *self.foreign_clock.lock().unwrap_or_else(PoisonError::into_inner) = condition.foreign_clock;
                Ok(condition)
            }
            _ => Err(StoreError::Unavailable("no answer")),
        }
    }

    /// Whether changes can be made. It is tried only when the last one was not carried out.
    pub async fn can_write(&self) -> Result<(), StoreError> {
        let writable = self.workers.writable();
        if writable.is_unable() {
            return Err(StoreError::Unavailable(failure::CANNOT_WRITE));
        }
        if writable.is_doubted() {
            self.change(Statement::TryWrite).await?;
        }
        Ok(())
    }

    /// What is counted of its work.
    pub fn metrics(&self) -> &StoreMetrics {
        self.workers.metrics()
    }

    /// The undecided deals: how many, and since when.
    pub async fn undecided(&self) -> Result<Undecided, StoreError> {
        match self.workers.run(Lane::Read, Statement::Undecided).await? {
            Answer::Undecided(undecided) => Ok(undecided),
            _ => Err(StoreError::Unavailable("no answer")),
        }
    }

    /// Stores a new deal. [`StoreError::Conflict`]: the order id, the idempotency key or the nonce is taken.
    pub async fn insert(&self, deal: NewDeal, event: Event) -> Result<(), StoreError> {
        self.journal(Statement::Insert(Box::new(deal)), event).await.map(|_| ())
    }

    /// Takes the right to ask WeChat for this deal's link until `until`; `false` when somebody else has it,
    /// there is a link by now or the deal is decided.
    pub async fn claim_prepay(&self, order_id: &OrderId, now: Timestamp, until: Timestamp) -> Result<bool, StoreError> {
        Ok(self.change(Statement::ClaimPrepay { order_id: order_id.clone(), now, until }).await? == 1)
    }

    /// Writes down how the asking ended, and gives the right to ask back (`asking_until` becomes the time of the answer).
    /// `false`: the right that was held until `until` is somebody else's by now, or the deal is decided.
    pub async fn note_prepay(&self, order_id: &OrderId, note: PrepayNote, until: Timestamp, event: Event) -> Result<bool, StoreError> {
        let change = Statement::NotePrepay { order_id: order_id.clone(), note, until, now: event.at };
        Ok(self.journal(change, event).await? == 1)
    }

    /// Takes the idempotency key and the nonce off a deal whose number WeChat would not take, for the deal that replaces it.
    pub async fn release_keys(&self, order_id: &OrderId) -> Result<(), StoreError> {
        self.change(Statement::ReleaseKeys { order_id: order_id.clone() }).await.map(|_| ())
    }

    /// Unpaid → Paid in one statement, if the deal of this number is unpaid and costs exactly this: the common case.
    /// `false` means that it must be looked at ([`Store::mark_paid_from`]). [`StoreError::Conflict`]: this payment has
    /// paid another deal.
    pub async fn mark_paid(&self, trade: &PaidTrade, paid_at: Timestamp, event: Event) -> Result<bool, StoreError> {
        let change = Statement::MarkPaid { trade: Box::new(trade.clone()), paid_at };
        Ok(self.journal(change, event).await? == 1)
    }

    /// Unpaid or Expired → Paid for a deal that has been read and judged, if it still has the status that was read.
    /// [`StoreError::Conflict`] as above.
    pub async fn mark_paid_from(&self, deal: &Deal, trade: &PaidTrade, paid_at: Timestamp, event: Event) -> Result<bool, StoreError> {
        if !deal.status.may_become(DealStatus::Paid) {
            return Ok(false);
        }
        let change = Statement::MarkPaidFrom { id: deal.id, status: deal.status, trade: Box::new(trade.clone()), paid_at };
        Ok(self.journal(change, event).await? == 1)
    }

    /// Unpaid → Expired on WeChat's signed word that the order is closed. `false`: it was not unpaid, somebody is
    /// asking WeChat for a link at this moment, or it is one of the original's that were too old at adoption to be
    /// followed, which are only ever answered.
    pub async fn mark_expired(&self, order_id: &OrderId, evidence: &Evidence, event: Event) -> Result<bool, StoreError> {
        let change = Statement::MarkExpired { order_id: order_id.clone(), evidence: evidence.clone(), now: event.at };
        Ok(self.journal(change, event).await? == 1)
    }

    /// Unpaid → Expired for a deal that never had a link and that WeChat does not know, if nobody has asked for a link
    /// since `quiet_since`: a request may still be under way.
    pub async fn mark_never_ordered(&self, order_id: &OrderId, quiet_since: Timestamp, event: Event) -> Result<bool, StoreError> {
        let change = Statement::MarkNeverOrdered { order_id: order_id.clone(), quiet_since, now: event.at };
        Ok(self.journal(change, event).await? == 1)
    }

    /// The undecided deals whose look is due, those that came due last first. When there are more than `limit`, those
    /// between the first and the last so many are left out.
    pub async fn due(&self, now: Timestamp, limit: u32) -> Result<Vec<Deal>, StoreError> {
        let mut rows = self.rows(Statement::Due { now, limit }).await?;
        rows.sort_by(|one, other| (&other.due_at, other.id).cmp(&(&one.due_at, one.id)));
        rows.dedup_by_key(|row| row.id);
        let mut deals = Vec::with_capacity(rows.len());
        for row in rows {
            let (id, due_at) = (row.id, row::time(row.due_at.clone()));
            match row.into_deal(self.foreign_clock()) {
                Ok(deal) => deals.push(deal),
                // What cannot be read is not followed, and must not take the place of what can.
                Err(error) => {
                    warn!(%error, "a deal cannot be read, so nobody follows it");
                    if let Some(from) = due_at {
                        self.change(Statement::MoveDue { id, from, to: None }).await?;
                    }
                }
            }
        }
        Ok(deals)
    }

    /// Takes rows off the line that another program has decided; of those that have been due for longest `limit` are looked at.
    pub async fn forget_decided(&self, now: Timestamp, limit: u32) -> Result<(), StoreError> {
        let ids: Vec<_> = self.rows(Statement::FindDecidedDue { now, limit }).await?.into_iter().map(|row| row.id).collect();
        if ids.is_empty() {
            return Ok(());
        }
        self.change(Statement::ForgetDecided { ids }).await.map(|_| ())
    }

    /// The deals opened last, the newest first.
    pub async fn newest(&self, limit: u32) -> Result<Vec<Deal>, StoreError> {
        self.readable(Statement::Newest { limit }).await
    }

    /// Takes the look at a deal that has been read, by moving its next one to `until`; `false` when somebody else has it.
    pub async fn take_look(&self, deal: &Deal, until: Timestamp) -> Result<bool, StoreError> {
        let Some(from) = deal.due_at else { return Ok(false) };
        Ok(self.change(Statement::MoveDue { id: deal.id, from, to: Some(until) }).await? == 1)
    }

    /// Plans the next look at a deal whose look was taken until `taken_until`, if it is still undecided. `None`: there is none.
    pub async fn plan_look(&self, deal: &Deal, taken_until: Timestamp, next: Option<Timestamp>, event: Event) -> Result<(), StoreError> {
        self.journal(Statement::MoveDue { id: deal.id, from: taken_until, to: next }, event).await.map(|_| ())
    }

    /// Looks at a deal no more.
    pub async fn forget_look(&self, deal: &Deal) -> Result<(), StoreError> {
        let Some(from) = deal.due_at else { return Ok(()) };
        self.change(Statement::MoveDue { id: deal.id, from, to: None }).await.map(|_| ())
    }

    /// Claims rows that the original has inserted since adoption, from the row `after` on, so that they are followed.
    /// Returns the last row seen.
    pub async fn claim_strays(&self, after: i64, limit: u32) -> Result<i64, StoreError> {
        let rows = self.rows(Statement::FindUnclaimed { after, limit }).await?;
        let last = rows.last().map_or(after, |row| row.id);
        for order_id in rows.into_iter().filter_map(|row| row.order_id.parse::<OrderId>().ok()) {
            // Rows that cannot be read stay; they have been there before us.
            if let Err(error @ StoreError::Unavailable(_)) = self.find(&order_id).await {
                return Err(error);
            }
        }
        Ok(last)
    }

    /// Writes an event that tells of no change.
    pub async fn record(&self, event: Event) -> Result<(), StoreError> {
        self.change(Statement::Record(Box::new(event))).await.map(|_| ())
    }

    /// The journal of a deal, oldest first.
    pub async fn events(&self, order_id: &OrderId) -> Result<Vec<StoredEvent>, StoreError> {
        match self.workers.run(Lane::Read, Statement::Events(order_id.clone())).await? {
            Answer::Events(rows) => Ok(rows.into_iter().map(StoredEvent::from).collect()),
            _ => Err(StoreError::Unavailable("no answer")),
        }
    }

    async fn journal(&self, change: Statement, event: Event) -> Result<u64, StoreError> {
        self.change(Statement::Journaled { change: Box::new(change), event: Box::new(event) }).await
    }

    async fn change(&self, statement: Statement) -> Result<u64, StoreError> {
        self.change_for(statement.purpose(), statement).await
    }

    async fn change_for(&self, purpose: Purpose, statement: Statement) -> Result<u64, StoreError> {
        match self.workers.run_for(purpose, Lane::Write, statement).await? {
            Answer::Affected(rows) => Ok(rows),
            _ => Err(StoreError::Unavailable("no answer")),
        }
    }

    async fn rows(&self, statement: Statement) -> Result<Vec<DealRow>, StoreError> {
        self.rows_for(statement.purpose(), statement).await
    }

    async fn rows_for(&self, purpose: Purpose, statement: Statement) -> Result<Vec<DealRow>, StoreError> {
        match self.workers.run_for(purpose, Lane::Read, statement).await? {
            Answer::Rows(rows) => Ok(rows),
            _ => Err(StoreError::Unavailable("no answer")),
        }
    }

    /// The deals of these rows. One that no program should have written must not hide the others.
    async fn readable(&self, statement: Statement) -> Result<Vec<Deal>, StoreError> {
        let clock = self.foreign_clock();
        let readable = |row: DealRow| row.into_deal(clock).inspect_err(|error| warn!(%error, "a deal cannot be read")).ok();
        Ok(self.rows(statement).await?.into_iter().filter_map(readable).collect())
    }

    fn foreign_clock(&self) -> ForeignClock {
        *self.foreign_clock.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
