//! A lease on each look at a deal: it is taken by moving the next look, which only one instance can.

use sqlx::Error;

use crate::deal::{Deal, Timestamp};
use crate::store::columns::column;
use crate::store::engine::connection::Conn;
use crate::store::engine::statement::Change;
use crate::store::engine::values::Values;
use crate::store::error::StoreError;
use crate::store::handle::Store;
use crate::store::journal::event::Event;

impl Store {
    /// Takes the look at a deal that has been read, by moving its next one to `until`; `false` when another instance has it.
    ///
    /// # Errors
    /// The database is not available.
    pub async fn take_look(&self, deal: &Deal, until: Timestamp) -> Result<bool, StoreError> {
        let Some(from) = deal.due_at else { return Ok(false) };
        Ok(self.engine().change(MoveDue { id: deal.id, from, to: Some(until) }).await? == 1)
    }

    /// Plans the next look at a deal whose look was taken until `taken_until`, if it is still undecided. `None`: there is none.
    ///
    /// # Errors
    /// The database is not available.
    pub async fn plan_look(&self, deal: &Deal, taken_until: Timestamp, next: Option<Timestamp>, event: Event) -> Result<(), StoreError> {
        self.change_and_tell(MoveDue { id: deal.id, from: taken_until, to: next }, event).await?;
        Ok(())
    }

    /// Looks at a deal no more.
    ///
    /// # Errors
    /// The database is not available.
    pub async fn forget_look(&self, deal: &Deal) -> Result<(), StoreError> {
        let Some(from) = deal.due_at else { return Ok(()) };
        self.engine().change(MoveDue { id: deal.id, from, to: None }).await?;
        Ok(())
    }
}

/// Moves the next look, if no other instance has.
pub struct MoveDue {
    /// The row.
    pub id: i64,
    /// When the look is due, as it was read.
    pub from: Timestamp,
    /// When it is due from now on; `None`: never.
    pub to: Option<Timestamp>,
}

impl Change for MoveDue {
    const NAME: &'static str = "move due";

    /// As far as it is not put down with an event, which tells what came of a look.
    fn is_lease(&self) -> bool {
        self.to.is_some()
    }

    async fn apply(rows: &[&Self], conn: &mut Conn) -> Result<u64, Error> {
        const UPDATE: &str = "UPDATE deal SET due_at = ?, create_at = create_at, update_at = update_at \
                              WHERE id = ? AND due_at = ? AND COALESCE(status, 0) = 0";
        conn.change_each(UPDATE, rows, |row| Values::of([row.to.map(column).into(), row.id.into(), column(row.from).into()])).await
    }
}
