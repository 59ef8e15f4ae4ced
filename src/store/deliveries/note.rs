//! What came of a try: delivered, to be tried again, or given up.

use sqlx::Error;

use crate::deal::Timestamp;
use crate::store::columns::column;
use crate::store::engine::connection::Conn;
use crate::store::engine::index_hints::PRIMARY_KEY;
use crate::store::engine::sizes::Texts;
use crate::store::engine::statement::{Change, Purpose};
use crate::store::engine::values::Values;
use crate::store::error::StoreError;
use crate::store::handle::Store;
use crate::store::journal::event::Event;

use super::due::Delivery;

/// What came of a try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TriedDelivery {
    /// When.
    pub at: Timestamp,
    /// The HTTP status; `None`: there was no answer.
    pub status: Option<u16>,
    /// The beginning of a refusal, or why there was no answer. It may be shown to keys without limits, and to operators.
    pub answer: Option<String>,
    /// What is next.
    pub next: NextTry,
}

/// What is next for a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NextTry {
    /// Nothing: the endpoint has it.
    Delivered,
    /// It is tried again then.
    At(Timestamp),
    /// Nothing: it was tried as often as any is.
    GivenUp,
}

impl Store {
    /// Stores what came of a try whose lease was held until `leased_until`; `false` when another instance has taken it since.
    ///
    /// # Errors
    /// The database is not available.
    pub async fn note_delivery(&self, delivery: &Delivery, leased_until: Timestamp, tried: TriedDelivery) -> Result<bool, StoreError> {
        Ok(self.engine().change(NoteTry { id: delivery.id.to_string(), leased_until, tried }).await? == 1)
    }

    /// The same of one that is given up, with the event that raises the alarm.
    ///
    /// # Errors
    /// The database is not available.
    pub async fn give_delivery_up(
        &self,
        delivery: &Delivery,
        leased_until: Timestamp,
        tried: TriedDelivery,
        event: Event,
    ) -> Result<bool, StoreError> {
        Ok(self.change_and_tell(NoteTry { id: delivery.id.to_string(), leased_until, tried }, event).await? == 1)
    }
}

struct NoteTry {
    /// As text, by which changes of one batch are told apart.
    id: String,
    leased_until: Timestamp,
    tried: TriedDelivery,
}

impl NoteTry {
    fn id(&self) -> &str {
        &self.id
    }

    fn due_at(&self) -> Option<Timestamp> {
        if let NextTry::At(time) = self.tried.next { Some(time) } else { None }
    }

    fn at_if(&self, next: NextTry) -> Option<Timestamp> {
        (self.tried.next == next).then_some(self.tried.at)
    }
}

impl Change for NoteTry {
    const NAME: &'static str = "note delivery";
    const PURPOSE: Purpose = Purpose::Finishes;
    const YIELDS: bool = true;

    fn key(&self) -> Option<&str> {
        Some(&self.id)
    }

    fn may_travel(&self) -> bool {
        true
    }

    async fn apply(rows: &[&Self], conn: &mut Conn) -> Result<u64, Error> {
        static UPDATE: Texts = Texts::new(|rows| {
            let (table, are, each) = (rows.table("webhook_delivery", PRIMARY_KEY), rows.are("id"), rows.each("id"));
            format!(
                "UPDATE {table} SET tries = tries + 1, tried_at = {each}, delivered_at = {each}, given_up_at = {each}, \
                 status = {each}, answer = {each}, due_at = {each} WHERE {are} AND due_at = {each}"
            )
        });
        let mut values = Values::default();
        values.each(rows, Self::id, |row| column(row.tried.at));
        values.each(rows, Self::id, |row| row.at_if(NextTry::Delivered).map(column));
        values.each(rows, Self::id, |row| row.at_if(NextTry::GivenUp).map(column));
        values.each(rows, Self::id, |row| row.tried.status.map(i64::from));
        values.each(rows, Self::id, |row| row.tried.answer.as_deref());
        values.each(rows, Self::id, |row| row.due_at().map(column));
        values.keys(rows, Self::id);
        values.each(rows, Self::id, |row| column(row.leased_until));
        conn.change(UPDATE.of(rows.len(), conn), values).await
    }
}
