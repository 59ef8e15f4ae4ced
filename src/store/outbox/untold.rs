//! What has happened and is not in the outbox yet.

use sqlx::Error;
use tracing::error;

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

impl Store {
    /// The first so many entries that are to be told of, oldest first.
    ///
    /// # Errors
    /// The database is not available.
    pub async fn untold(&self, limit: u32) -> Result<Vec<Untold>, StoreError> {
        let rows = self.engine().ask(FindUntold { limit }).await?;
        Ok(rows.into_iter().filter_map(UntoldRow::read).collect())
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
    limit: u32,
}

impl Query for FindUntold {
    type Answer = Vec<UntoldRow>;
    const NAME: &'static str = "find untold";

    async fn run(&self, conn: &mut Conn) -> Result<Vec<UntoldRow>, Error> {
        const SELECT: &str = "SELECT id, order_id, announces, detail, CAST(at AS CHAR(19)) AS at FROM deal_event \
                              WHERE untold = 1 ORDER BY id LIMIT ?";
        conn.rows(SELECT, Values::of([self.limit.into()])).await
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
    /// `None`: another program has written what no version of this one would, or a later version what this one does not know; it is
    /// left to that one.
    fn read(self) -> Option<Untold> {
        let announces = self.announces.as_deref().unwrap_or_default().split(',').map(str::parse).collect::<Result<Vec<_>, _>>();
        match (self.order_id.parse(), announces) {
            (Ok(order_id), Ok(announces)) => {
                let at = time(Some(self.at)).unwrap_or(Timestamp::UNIX_EPOCH);
                Some(Untold { entry: self.id, order_id, announces, detail: self.detail, at })
            }
            _ => {
                error!(entry = self.id, "an entry of the journal cannot be told of by this version");
                None
            }
        }
    }
}
