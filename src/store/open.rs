//! Opening a store, and what can be done with a database that is not open.

use crate::deal::Timestamp;

use super::engine::cannot_open::CannotOpen;
use super::engine::connection::Conn;
use super::engine::database_url::DatabaseUrl;
use super::engine::fault::FaultHook;
use super::engine::file;
use super::engine::lane::Lane;
use super::engine::session::{connect, open_to_look};
use super::error::{NotMigrated, StoreError, not_told, not_yet};
use super::handle::Store;
use super::schema::foreign_clock::ForeignClock;
use super::schema::look::look;
use super::schema::{check, dry_run, inspect, migrate};

impl Store {
    /// Connects, migrates the schema and checks what safety rests on.
    /// `instance` is this one's name in the journal; at most `largest_batch` changes travel in one transaction.
    ///
    /// # Errors
    /// The database cannot be opened, or its schema is not one to work with.
    pub async fn open(url: &DatabaseUrl, instance: &str, largest_batch: usize, now: Timestamp) -> Result<Self, StoreError> {
        Self::open_with(url, instance, largest_batch, now, None).await
    }

    /// The same with a hook that decides what becomes of every statement: for simulations.
    ///
    /// # Errors
    /// As [`Store::open`].
    pub async fn open_with(
        url: &DatabaseUrl,
        instance: &str,
        largest_batch: usize,
        now: Timestamp,
        hook: Option<&FaultHook>,
    ) -> Result<Self, StoreError> {
        let store = Self::closed();
        store.open_up(url, instance, largest_batch, now, hook).await?;
        Ok(store)
    }

    /// Opens a closed store, if it can be: what [`Store::open`] does.
    ///
    /// # Errors
    /// As [`Store::open`].
    pub async fn open_up(
        &self,
        url: &DatabaseUrl,
        instance: &str,
        largest_batch: usize,
        now: Timestamp,
        hook: Option<&FaultHook>,
    ) -> Result<(), StoreError> {
        migrate::migrate(url, now).await?;
        let foreign_clock = look(async {
            let mut conn = connect(url, Lane::Read).await?;
            check::check(&mut conn).await?;
            ForeignClock::read_from(&mut conn).await.map_err(|error| not_yet(&error))
        });
        self.set_foreign_clock(foreign_clock.await?);
        self.set_instance(instance);
        self.engine().start(url, largest_batch, hook);
        Ok(())
    }

    /// Brings the schema up to date and checks it, without serving. Returns the steps taken.
    ///
    /// # Errors
    /// As [`Store::open`].
    pub async fn migrate(url: &DatabaseUrl, now: Timestamp) -> Result<Vec<&'static str>, StoreError> {
        let steps = migrate::migrate(url, now).await?;
        look(async { check::check(&mut connect(url, Lane::Read).await?).await }).await?;
        Ok(steps)
    }

    /// Says what [`Store::migrate`] would do, and changes nothing.
    ///
    /// # Errors
    /// The database cannot be looked at.
    pub async fn dry_run(url: &DatabaseUrl, now: Timestamp) -> Result<dry_run::DryRun, StoreError> {
        dry_run::dry_run(url, now).await
    }

    /// Looks at a database without opening it for service, and changes nothing.
    ///
    /// # Errors
    /// The database cannot be looked at.
    pub async fn inspect(url: &DatabaseUrl, now: Timestamp) -> Result<inspect::Inspection, StoreError> {
        inspect::inspect(url, now).await
    }

    /// Whether the file of an SQLite database could be written, or made where it is missing. Nothing is left behind.
    ///
    /// # Errors
    /// It could not.
    pub fn try_to_write(url: &DatabaseUrl) -> Result<(), CannotOpen> {
        file::try_to_write(url)
    }
}

/// A connection on which nothing can be changed, to a database that is up to date.
///
/// # Errors
/// The database cannot be opened, or is not up to date.
pub async fn open_up_to_date(url: &DatabaseUrl) -> Result<Conn, StoreError> {
    let mut conn = open_to_look(url).await?;
    let steps = migrate::pending(&mut conn).await.map_err(|error| not_told(&error))?.names();
    if steps.is_empty() { Ok(conn) } else { Err(NotMigrated { database: url.to_string(), steps }.into()) }
}
