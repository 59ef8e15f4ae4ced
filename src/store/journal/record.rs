//! Writing into the journal.

use sqlx::Error;

use crate::store::columns::short;
use crate::store::engine::connection::Conn;
use crate::store::engine::statement::Change;
use crate::store::engine::values::Values;
use crate::store::error::StoreError;
use crate::store::handle::Store;

use super::entry::Entry;
use super::event::Event;
use super::insert::insert;

impl Store {
    /// Writes an event that tells of no change.
    ///
    /// # Errors
    /// The database is not available.
    pub async fn record(&self, event: Event) -> Result<(), StoreError> {
        let entry = self.entry(event);
        let announces = !entry.event.announces.is_empty();
        self.engine().change(Record(entry)).await?;
        if announces {
            self.has_news();
        }
        Ok(())
    }

    /// The same, unless the journal tells of it already; `false` when it does. (Of several instances at once each may write it.)
    ///
    /// # Errors
    /// The database is not available.
    pub async fn record_once(&self, event: Event) -> Result<bool, StoreError> {
        let entry = self.entry(event);
        let announces = !entry.event.announces.is_empty();
        // What is looked for must not be written between the look and this.
        let _turn = self.recording().await;
        let is_new = self.engine().change(RecordOnce(Record(entry))).await? == 1;
        if announces && is_new {
            self.has_news();
        }
        Ok(is_new)
    }
}

/// An event by itself.
struct Record(Entry);

impl Change for Record {
    const NAME: &'static str = "record";

    async fn apply(rows: &[&Self], conn: &mut Conn) -> Result<u64, Error> {
        insert(&rows.iter().map(|Self(entry)| entry).collect::<Vec<_>>(), conn).await
    }
}

/// The same, unless the journal has it: the same kind and detail about the same order.
struct RecordOnce(Record);

impl Change for RecordOnce {
    const NAME: &'static str = "record once";

    async fn apply(rows: &[&Self], conn: &mut Conn) -> Result<u64, Error> {
        let mut written = 0;
        for Self(Record(entry)) in rows {
            if !is_journaled(&entry.event, conn).await? {
                written += insert(&[entry], conn).await?;
            }
        }
        Ok(written)
    }
}

/// By their bytes, in HEX, as the column's collation may find too much.
async fn is_journaled(event: &Event, conn: &mut Conn) -> Result<bool, Error> {
    const COUNT: &str = "SELECT COUNT(*) FROM deal_event WHERE order_id = ? AND kind = ? AND HEX(detail) = HEX(?)";
    let values = Values::of([event.order_id.as_str().into(), event.kind.as_str().into(), event.detail.as_deref().map(short).into()]);
    let counted: Vec<(i64,)> = conn.rows(COUNT, values).await?;
    Ok(counted.iter().any(|(count,)| *count > 0))
}
