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
mod cannot_open;
mod check;
mod condition;
mod connection;
mod dry_run;
mod edge;
mod error;
mod event;
mod execute;
mod failure;
mod file;
mod find;
mod foreign_clock;
mod gate;
mod inspect;
mod job;
mod merchants;
mod metrics;
mod migrate;
mod probe;
mod queue;
mod row;
mod statement;
mod story;
mod table_names;
mod undecided;
mod unique;
mod values;
mod verdicts;
mod waiting;
mod worker;
mod writable;

use std::sync::{Arc, Mutex, PoisonError};

use tracing::warn;

use crate::channel::Ticket;
use crate::deal::{Deal, Fen, OrderId, Timestamp};

pub use batch::LARGEST as LARGEST_BATCH;
pub use cannot_open::CannotOpen;
pub use condition::{Condition, Durability};
pub use connection::{DatabaseUrl, InvalidDatabaseUrl};
pub use dry_run::{Adoption, DryRun};
pub use edge::{Edge, Fate, Passage, Try};
pub use error::{NotMigrated, StoreError};
pub use event::{Event, EventKind, Origin, StoredEvent};
use failure::Failure;
pub use foreign_clock::ForeignClock;
use gate::Gate;
pub use inspect::{Found, Inspection, Leftovers, Server};
pub use metrics::StoreMetrics;
pub use migrate::FOLLOWED;
use row::DealRow;
use statement::{Answer, Purpose, Statement};
pub use story::Story;
pub use table_names::{InvalidTablePrefix, TableNames};
pub use undecided::Undecided;
pub use worker::CONNECTIONS;
use worker::{Lane, Workers};

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
    Link(Ticket),
    /// WeChat said no; its words.
    Refused(String),
    /// Nobody knows. Whoever asks again must send the identical request.
    Unknown,
}

/// What a look that failed may tell: the driver's own words could show rows.
fn not_told(error: &sqlx::Error) -> StoreError {
    match (Failure::of(error), error.as_database_error()) {
        (_, None) => StoreError::Unavailable("the connection broke"),
        (Failure::Contention, _) => StoreError::Unavailable("another program holds the table"),
        (Failure::Broken | Failure::Unable, _) => StoreError::Unavailable("the server cannot answer now"),
        (_, Some(database)) => StoreError::Refused(database.message().to_owned()),
    }
}

/// The store. Cheap to clone; all clones share the workers.
#[derive(Debug, Clone)]
pub struct Store {
    workers: Gate,
    /// As last seen.
    foreign_clock: Arc<Mutex<ForeignClock>>,
}

impl Store {
    /// A store that is not open yet: it refuses everything as unavailable, until [`Store::open_up`] has succeeded.
    pub fn closed() -> Self {
        Self { workers: Gate::default(), foreign_clock: Arc::new(Mutex::new(ForeignClock::Unknown)) }
    }

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
        let store = Self::closed();
        store.open_up(url, instance, largest_batch, now, edge).await?;
        Ok(store)
    }

    /// Opens a closed store, if it can be: what [`Store::open`] does.
    pub async fn open_up(
        &self,
        url: &DatabaseUrl,
        instance: &str,
        largest_batch: usize,
        now: Timestamp,
        edge: Option<&Edge>,
    ) -> Result<(), StoreError> {
        migrate::migrate(url, now).await?;
        let foreign_clock = connection::look(async {
            let mut conn = connection::connect(url, Lane::Read).await?;
            check::check(&mut conn).await?;
            ForeignClock::read_from(&mut conn).await.map_err(|_| StoreError::Unavailable("the server's time zone cannot be read"))
        });
        let foreign_clock = foreign_clock.await?;
        *self.foreign_clock.lock().unwrap_or_else(PoisonError::into_inner) = foreign_clock;
        let largest_batch = largest_batch.clamp(1, LARGEST_BATCH);
        self.workers.open(Workers::start(url.clone(), &instance.into(), largest_batch, edge, self.workers.metrics()));
        Ok(())
    }

    /// Brings the schema up to date and checks it, without serving. Returns the steps taken.
    pub async fn migrate(url: &DatabaseUrl, now: Timestamp) -> Result<Vec<&'static str>, StoreError> {
        let steps = migrate::migrate(url, now).await?;
        connection::look(async { check::check(&mut connection::connect(url, Lane::Read).await?).await }).await?;
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
        let writable = self.workers.writable().ok_or(gate::CLOSED)?;
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

    /// The same, unless the journal tells of it already; `false` when it does. (Two at once may both be written.)
    pub async fn record_once(&self, event: Event) -> Result<bool, StoreError> {
        Ok(self.change(Statement::RecordOnce(Box::new(event))).await? == 1)
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
