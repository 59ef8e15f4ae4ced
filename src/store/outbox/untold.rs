//! What has happened and is not in the outbox yet.

use sqlx::Error;

use crate::deal::{Announcement, OrderId, Timestamp};
use crate::store::columns::time;
use crate::store::engine::connection::Conn;
use crate::store::engine::statement::Query;
use crate::store::engine::values::Values;
use crate::store::error::StoreError;
use crate::store::handle::Store;

/// An entry of the journal that there is to tell of.
#[derive(Debug, Clone)]
pub struct Untold {
    /// The entry's number.
    pub entry: i64,
    /// About which order.
    pub order_id: OrderId,
    /// What is told, in this order.
    pub announces: Vec<Announcement>,
    /// What the journal says more.
    pub detail: Option<String>,
    /// When it happened.
    pub at: Timestamp,
}

/// Some of the entries that there is to tell of, oldest first.
#[derive(Debug, Clone)]
pub struct UntoldEntries {
    /// Those that this version understands.
    pub entries: Vec<Untold>,
    /// How many it does not: another program has written what no version of this one would, or a later version what this one does not
    /// know. They are left to that one.
    pub strange: usize,
    /// Behind which entry there may be more.
    pub more_behind: Option<i64>,
}

impl Store {
    /// The first so many entries behind the entry `behind` that are to be told of.
    ///
    /// # Errors
    /// The database is not available.
    pub async fn untold(&self, behind: i64, limit: u32) -> Result<UntoldEntries, StoreError> {
        let rows = self.engine().ask(FindUntold { behind, limit }).await?;
        let (count, last) = (rows.len(), rows.last().map(|row| row.id));
        let entries: Vec<_> = rows.into_iter().filter_map(UntoldRow::read).collect();
        Ok(UntoldEntries { strange: count - entries.len(), entries, more_behind: last.filter(|_| count >= limit as usize) })
    }

    /// Since when the oldest entry waits that is to be told of.
    ///
    /// # Errors
    /// The database is not available.
    pub async fn oldest_untold(&self) -> Result<Option<Timestamp>, StoreError> {
        Ok(self.engine().report(OldestUntold).await?)
    }
}

struct OldestUntold;

impl Query for OldestUntold {
    type Answer = Option<Timestamp>;
    const NAME: &'static str = "oldest untold";

    async fn run(&self, conn: &mut Conn) -> Result<Option<Timestamp>, Error> {
        const SELECT: &str = "SELECT CAST(at AS CHAR(19)) FROM deal_event WHERE untold = 1 ORDER BY id LIMIT 1";
        let rows: Vec<(String,)> = conn.rows(SELECT, Values::default()).await?;
        Ok(rows.into_iter().next().and_then(|(at,)| time(Some(at))))
    }
}

struct FindUntold {
    behind: i64,
    limit: u32,
}

impl Query for FindUntold {
    type Answer = Vec<UntoldRow>;
    const NAME: &'static str = "find untold";

    async fn run(&self, conn: &mut Conn) -> Result<Vec<UntoldRow>, Error> {
        const SELECT: &str = "SELECT id, order_id, announces, detail, CAST(at AS CHAR(19)) AS at FROM deal_event \
                              WHERE untold = 1 AND id > ? ORDER BY id LIMIT ?";
        conn.rows(SELECT, Values::of([self.behind.into(), self.limit.into()])).await
    }
}

#[derive(sqlx::FromRow)]
struct UntoldRow {
    id: i64,
    order_id: String,
    announces: Option<String>,
    detail: Option<String>,
    at: String,
}

impl UntoldRow {
    /// `None`: this version does not understand it.
    fn read(self) -> Option<Untold> {
        let announces = self.announces.as_deref().unwrap_or_default().split(',').map(str::parse).collect::<Result<_, _>>().ok()?;
        let at = time(Some(self.at)).unwrap_or(Timestamp::UNIX_EPOCH);
        Some(Untold { entry: self.id, order_id: self.order_id.parse().ok()?, announces, detail: self.detail, at })
    }
}
