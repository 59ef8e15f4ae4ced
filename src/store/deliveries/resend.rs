//! Replay: events that were delivered or given up come due once more, and events that were never planned for an endpoint get their
//! deliveries.

use std::sync::LazyLock;

use sqlx::Error;

use crate::deal::{EndpointName, EventId, NewAudit, OrderId, Timestamp};
use crate::store::audit::audited::Audited;
use crate::store::columns::column;
use crate::store::engine::connection::Conn;
use crate::store::engine::index_hints::PRIMARY_KEY;
use crate::store::engine::sizes::{Texts, parts};
use crate::store::engine::statement::{Change, Query};
use crate::store::engine::values::Values;
use crate::store::error::StoreError;
use crate::store::handle::Store;
use crate::store::outbox::row::{OutboxEvent, OutboxRow, columns};

impl Store {
    /// The first so many events that happened at `since` or later, in the order in which they happened, behind `after`, which is one
    /// of them.
    ///
    /// # Errors
    /// The database is not available.
    pub async fn outbox_since(&self, since: Timestamp, after: Option<&OutboxEvent>, limit: u32) -> Result<Vec<OutboxEvent>, StoreError> {
        let (since, after) = after.map_or((since, 0), |after| (after.at, after.position));
        let rows = self.engine().report(Since { since, after, limit }).await?;
        Ok(rows.into_iter().filter_map(OutboxRow::into_event).collect())
    }

    /// An event, if it is still kept.
    ///
    /// # Errors
    /// The database is not available.
    pub async fn outbox_event(&self, event_id: &EventId) -> Result<Option<OutboxEvent>, StoreError> {
        Ok(self.engine().report(One(event_id.clone())).await?.into_iter().find_map(OutboxRow::into_event))
    }

    /// About which order an event is, if it is kept and about one.
    ///
    /// # Errors
    /// The database is not available.
    pub async fn order_of_event(&self, event_id: &EventId) -> Result<Option<OrderId>, StoreError> {
        Ok(self.engine().report(OrderOf(event_id.clone())).await?.and_then(|order_id| order_id.parse().ok()))
    }

    /// Has the events at these positions delivered to an endpoint from now on, on a schedule of their own; how many of them. What came of
    /// the last try stays written until the next has ended. One that waits for its first try goes on waiting, and is not counted.
    ///
    /// # Errors
    /// [`StoreError::Conflict`]: another program does the same at this very moment.
    pub async fn resend(&self, endpoint: &EndpointName, positions: Vec<i64>, now: Timestamp) -> Result<u64, StoreError> {
        Ok(self.engine().change(Resend { endpoint: endpoint.clone(), positions, now }).await?)
    }

    /// The same of one event, by a user of the console; `false`: it waits for its first try.
    ///
    /// # Errors
    /// As [`Store::resend`].
    pub async fn resend_by(&self, endpoint: &EndpointName, position: i64, now: Timestamp, by: NewAudit) -> Result<bool, StoreError> {
        let change = Resend { endpoint: endpoint.clone(), positions: vec![position], now };
        Ok(self.engine().change(Audited { change, entry: Some(by) }).await? > 0)
    }
}

struct Since {
    since: Timestamp,
    after: i64,
    limit: u32,
}

impl Query for Since {
    type Answer = Vec<OutboxRow>;
    const NAME: &'static str = "outbox since";

    async fn run(&self, conn: &mut Conn) -> Result<Vec<OutboxRow>, Error> {
        // The index on `at` has the positions in itself.
        static SELECT: LazyLock<[String; 2]> = LazyLock::new(|| {
            ["", " FORCE INDEX (outbox_at)"].map(|index| {
                format!(
                    "SELECT {} FROM outbox{index} WHERE at >= ? AND (at > ? OR position > ?) ORDER BY at, position LIMIT ?",
                    columns("outbox")
                )
            })
        });
        let [plain, forced] = &*SELECT;
        let select = if matches!(conn, Conn::MySql(_)) { forced } else { plain };
        let since = column(self.since);
        conn.rows(select, Values::of([since.into(), since.into(), self.after.into(), self.limit.into()])).await
    }
}

struct One(EventId);

impl Query for One {
    type Answer = Vec<OutboxRow>;
    const NAME: &'static str = "outbox event";

    async fn run(&self, conn: &mut Conn) -> Result<Vec<OutboxRow>, Error> {
        static SELECT: LazyLock<String> = LazyLock::new(|| format!("SELECT {} FROM outbox WHERE event_id = ?", columns("outbox")));
        conn.rows(&SELECT, Values::of([self.0.as_str().into()])).await
    }
}

struct OrderOf(EventId);

impl Query for OrderOf {
    type Answer = Option<String>;
    const NAME: &'static str = "order of event";

    async fn run(&self, conn: &mut Conn) -> Result<Option<String>, Error> {
        const SELECT: &str = "SELECT order_id FROM outbox WHERE event_id = ?";
        let rows: Vec<(Option<String>,)> = conn.rows(SELECT, Values::of([self.0.as_str().into()])).await?;
        Ok(rows.into_iter().next().and_then(|(order_id,)| order_id))
    }
}

struct Resend {
    endpoint: EndpointName,
    positions: Vec<i64>,
    now: Timestamp,
}

impl Resend {
    async fn again(&self, positions: &[i64], conn: &mut Conn) -> Result<u64, Error> {
        static UPDATE: Texts = Texts::new(|rows| {
            let (table, list) = (rows.table("webhook_delivery", "webhook_delivery_event"), rows.list("?"));
            format!(
                "UPDATE {table} SET tries = 0, due_at = ?, delivered_at = NULL, given_up_at = NULL \
                 WHERE endpoint = ? AND position IN ({list}) AND (due_at IS NULL OR tries > 0)"
            )
        });
        let mut values = Values::of([column(self.now).into(), self.endpoint.as_str().into()]);
        positions.iter().for_each(|position| values.add(*position));
        conn.change(UPDATE.of(positions.len(), conn), values).await
    }

    async fn plan(&self, positions: &[i64], conn: &mut Conn) -> Result<u64, Error> {
        static INSERT: Texts = Texts::new(|rows| {
            format!(
                "INSERT INTO webhook_delivery (endpoint, position, order_id, tries, due_at, created_at) \
                 SELECT ?, event.position, event.order_id, 0, ?, ? FROM {} WHERE event.position IN ({}) AND NOT EXISTS \
                 (SELECT 1 FROM webhook_delivery known WHERE known.endpoint = ? AND known.position = event.position)",
                rows.table("outbox event", PRIMARY_KEY),
                rows.list("?")
            )
        });
        let (endpoint, now) = (self.endpoint.as_str(), column(self.now));
        let mut values = Values::of([endpoint.into(), now.into(), now.into()]);
        positions.iter().for_each(|position| values.add(*position));
        values.add(endpoint);
        conn.change(INSERT.of(positions.len(), conn), values).await
    }
}

impl Change for Resend {
    const NAME: &'static str = "resend";

    async fn apply(rows: &[&Self], conn: &mut Conn) -> Result<u64, Error> {
        let mut affected = 0;
        for row in rows {
            for part in parts(&row.positions) {
                affected += row.again(part, conn).await? + row.plan(part, conn).await?;
            }
        }
        Ok(affected)
    }
}
