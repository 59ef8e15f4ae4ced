//! Reports about many rows, in the lane of reports of a service that runs, or on a connection of their own.

use super::engine::Engine;
use super::engine::connection::Conn;
use super::engine::database_url::DatabaseUrl;
use super::engine::session::open_to_look;
use super::engine::statement::Query;
use super::error::{NotMigrated, StoreError, not_told};
use super::handle::Store;
use super::schema::foreign_clock::ForeignClock;
use super::schema::migrate::pending;

/// What is asked for reports. Each of its questions is a short one, so that others are asked in between.
pub struct Books {
    reader: Reader,
    clock: ForeignClock,
}

enum Reader {
    Lane(Engine),
    Own(Box<Conn>),
}

impl Store {
    /// The books of this store.
    pub fn books(&self) -> Books {
        Books { reader: Reader::Lane(self.engine().clone()), clock: self.foreign_clock() }
    }
}

impl Books {
    /// Those of a database, read through a connection on which nothing can be changed.
    ///
    /// # Errors
    /// The database cannot be opened, or is not up to date.
    pub async fn open(url: &DatabaseUrl) -> Result<Self, StoreError> {
        let mut conn = open_to_look(url).await?;
        let steps = pending(&mut conn).await.map_err(|error| not_told(&error))?.names();
        if !steps.is_empty() {
            return Err(NotMigrated { database: url.to_string(), steps }.into());
        }
        if let Conn::MySql(_) = conn {
            // As the workers': by others' modes a server refuses to compare a time with 0000-00-00, which an old table may hold.
            conn.execute("SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION'").await.map_err(|error| not_told(&error))?;
        }
        let clock = ForeignClock::read_from(&mut conn).await.map_err(|error| not_told(&error))?;
        Ok(Self { reader: Reader::Own(Box::new(conn)), clock })
    }

    /// Asks one question.
    pub(super) async fn ask<Q: Query>(&mut self, query: Q) -> Result<Q::Answer, StoreError> {
        match &mut self.reader {
            Reader::Lane(engine) => Ok(engine.report(query).await?),
            Reader::Own(conn) => query.run(conn).await.map_err(|error| not_told(&error)),
        }
    }

    /// The clock by which other programs' rows are written.
    pub(super) fn clock(&self) -> ForeignClock {
        self.clock
    }
}
