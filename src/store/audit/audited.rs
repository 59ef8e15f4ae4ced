//! A change and the row that says who made it: both are stored, or neither.

use sqlx::Error;

use crate::deal::NewAudit;
use crate::store::engine::connection::Conn;
use crate::store::engine::statement::{Change, Purpose};

use super::insert::insert;

/// A change, and who makes it, if a user of the console does.
pub struct Audited<C> {
    /// What is changed.
    pub change: C,
    /// Who makes it. Such a change does not travel with others.
    pub entry: Option<NewAudit>,
}

impl<C: Change> Change for Audited<C> {
    const NAME: &'static str = C::NAME;
    const PURPOSE: Purpose = C::PURPOSE;
    const YIELDS: bool = C::YIELDS;

    fn key(&self) -> Option<&str> {
        self.change.key()
    }

    fn may_travel(&self) -> bool {
        self.entry.is_none() && self.change.may_travel()
    }

    async fn apply(rows: &[&Self], conn: &mut Conn) -> Result<u64, Error> {
        let affected = C::apply(&rows.iter().map(|row| &row.change).collect::<Vec<_>>(), conn).await?;
        // Nothing was done where nothing has changed.
        if affected > 0 {
            for entry in rows.iter().filter_map(|row| row.entry.as_ref()) {
                insert(entry, conn).await?;
            }
        }
        Ok(affected)
    }

    async fn changeable(rows: &[&Self], conn: &mut Conn) -> Result<Option<Vec<String>>, Error> {
        C::changeable(&rows.iter().map(|row| &row.change).collect::<Vec<_>>(), conn).await
    }

    /// Its row was committed with it.
    async fn is_stored(&self, conn: &mut Conn) -> Result<bool, Error> {
        self.change.is_stored(conn).await
    }
}
