//! A change and its event: both are stored, or neither.

use sqlx::Error;

use crate::store::engine::connection::Conn;
use crate::store::engine::statement::{Change, Purpose};

use super::entry::Entry;
use super::insert::insert;

/// A change, and the event that tells of it if it took place.
pub struct Journaled<C> {
    /// What is changed.
    pub change: C,
    /// What tells of it.
    pub entry: Entry,
}

impl<C: Change> Change for Journaled<C> {
    const NAME: &'static str = C::NAME;
    const PURPOSE: Purpose = C::PURPOSE;
    const YIELDS: bool = C::YIELDS;

    fn key(&self) -> Option<&str> {
        Some(self.entry.event.order_id.as_str())
    }

    fn may_travel(&self) -> bool {
        self.change.may_travel()
    }

    async fn apply(rows: &[&Self], conn: &mut Conn) -> Result<u64, Error> {
        let affected = C::apply(&rows.iter().map(|row| &row.change).collect::<Vec<_>>(), conn).await?;
        // A batch that did not change wholly is rolled back, events and all.
        if affected > 0 {
            insert(&rows.iter().map(|row| &row.entry).collect::<Vec<_>>(), conn).await?;
        }
        Ok(affected)
    }

    async fn changeable(rows: &[&Self], conn: &mut Conn) -> Result<Option<Vec<String>>, Error> {
        C::changeable(&rows.iter().map(|row| &row.change).collect::<Vec<_>>(), conn).await
    }

    /// Its event was committed with it.
    async fn is_stored(&self, conn: &mut Conn) -> Result<bool, Error> {
        self.change.is_stored(conn).await
    }
}
