//! Writing into the journal.

use std::sync::Arc;

use sqlx::Error;

use crate::store::columns::short;
use crate::store::engine::connection::Conn;
use crate::store::engine::statement::Change;
use crate::store::engine::values::Values;
use crate::store::error::StoreError;
use crate::store::handle::Store;

use super::event::Event;
use super::insert::insert;

impl Store {
    /// Writes an event that tells of no change.
    ///
    /// # Errors
    /// The database is not available.
    pub async fn record(&self, event: Event) -> Result<(), StoreError> {
        self.engine().change(Record { event, instance: self.instance() }).await?;
        Ok(())
    }

    /// The same, unless the journal tells of it already; `false` when it does. (Two at once may both be written.)
    ///
    /// # Errors
    /// The database is not available.
    pub async fn record_once(&self, event: Event) -> Result<bool, StoreError> {
        Ok(self.engine().change(RecordOnce(Record { event, instance: self.instance() })).await? == 1)
    }
}

/// An event by itself.
struct Record {
    event: Event,
    instance: Arc<str>,
}

impl Change for Record {
    const NAME: &'static str = "record";

    async fn apply(rows: &[&Self], conn: &mut Conn) -> Result<u64, Error> {
        insert(&rows.iter().map(|row| (&row.event, &*row.instance)).collect::<Vec<_>>(), conn).await
    }
}

/// The same, unless the journal has it: the same kind and detail about the same order.
struct RecordOnce(Record);

impl Change for RecordOnce {
    const NAME: &'static str = "record once";

    async fn apply(rows: &[&Self], conn: &mut Conn) -> Result<u64, Error> {
        let mut written = 0;
        for Self(record) in rows {
            if !is_journaled(&record.event, conn).await? {
                written += insert(&[(&record.event, &record.instance)], conn).await?;
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
