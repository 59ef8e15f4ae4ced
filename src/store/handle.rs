//! The handle that callers hold. What can be asked of it stands in the rooms of the tables, beside the SQL.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use tokio::sync::Notify;

use crate::deal::{Audience, EventType};

use super::engine::Engine;
use super::engine::error::StatementError;
use super::engine::metrics::StoreMetrics;
use super::engine::statement::Change;
use super::journal::entry::Entry;
use super::journal::event::Event;
use super::journal::journaled::Journaled;
use super::schema::foreign_clock::ForeignClock;

/// The store. Cheap to clone; all clones share the workers.
#[derive(Debug, Clone)]
pub struct Store {
    engine: Engine,
    /// This instance's name in the journal.
    instance: Arc<OnceLock<Arc<str>>>,
    /// Whom there is to tell of what happens.
    audience: Arc<Audience>,
    /// That there is something to tell.
    news: Arc<Notify>,
    /// Whose turn it is to write what is written once.
    recording: Arc<tokio::sync::Mutex<()>>,
    /// As last seen.
    foreign_clock: Arc<Mutex<ForeignClock>>,
}

impl Store {
    /// A store that is not open yet: it refuses everything as unavailable, until [`Store::open_up`] has succeeded.
    pub fn closed() -> Self {
        Self {
            engine: Engine::default(),
            instance: Arc::default(),
            audience: Arc::default(),
            news: Arc::default(),
            recording: Arc::default(),
            foreign_clock: Arc::new(Mutex::new(ForeignClock::Unknown)),
        }
    }

    /// The same store, by which this audience is told of what happens.
    #[must_use]
    pub fn telling(self, audience: Audience) -> Self {
        Self { audience: Arc::new(audience), ..self }
    }

    /// Whether there is anybody to tell of what happens.
    pub fn has_audience(&self) -> bool {
        *self.audience != Audience::default()
    }

    /// Whether there is anybody to tell of such events.
    pub fn tells_of(&self, event_type: EventType) -> bool {
        self.audience.wants(event_type)
    }

    /// Waits for the turn to write what is written once.
    pub(super) async fn recording(&self) -> tokio::sync::MutexGuard<'_, ()> {
        self.recording.lock().await
    }

    /// Whether so many changes are in hand that callers or WeChat wait for that what can wait should.
    pub fn is_pressed(&self) -> bool {
        self.engine.is_pressed()
    }

    pub(super) fn has_news(&self) {
        self.news.notify_one();
    }

    /// Waits until this instance has stored something that there is to tell.
    pub async fn news(&self) {
        self.news.notified().await;
    }

    /// The journal's entry of an event, which announces what an endpoint or a reader can want, and nothing else but alarms: those are kept
    /// for the operator, whoever else wants them.
    pub(super) fn entry(&self, mut event: Event) -> Entry {
        let is_kept = |event_type| event_type == EventType::AlarmRaised || self.audience.wants(event_type);
        event.announces.retain(|announcement| is_kept(announcement.event_type()));
        Entry { event, instance: self.instance() }
    }

    /// What is counted of its work.
    pub fn metrics(&self) -> &StoreMetrics {
        self.engine.metrics()
    }

    /// Which of several servers of the database is used, and whether it is the preferred one. `None`: there is one.
    pub fn server(&self) -> Option<(String, bool)> {
        self.engine.server()
    }

    pub(super) fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Has a change carried out together with the event that tells of it; or neither.
    pub(super) async fn change_and_tell<C: Change>(&self, change: C, event: Event) -> Result<u64, StatementError> {
        let entry = self.entry(event);
        let announces = !entry.event.announces.is_empty();
        let changed = self.engine.change(Journaled { change, entry }).await?;
        if announces && changed > 0 {
            self.has_news();
        }
        Ok(changed)
    }

    /// This instance's name. A store that is not open has none, and writes nothing.
    pub(super) fn instance(&self) -> Arc<str> {
        self.instance.get().map(Arc::clone).unwrap_or_default()
    }

    pub(super) fn set_instance(&self, instance: &str) {
        self.instance.get_or_init(|| instance.into());
    }

    /// The clock by which other programs' rows are written.
    pub(super) fn foreign_clock(&self) -> ForeignClock {
        *self.foreign_clock.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn set_foreign_clock(&self, clock: ForeignClock) {
        *self.foreign_clock.lock().unwrap_or_else(PoisonError::into_inner) = clock;
    }
}
