//! Publication: events get their positions in the outbox, a delivery for each endpoint that wants them, and alarms their rows.

use sqlx::Error;

use crate::deal::{AccountId, AlarmKind, EndpointName, EventId, EventType, OrderId, Timestamp};
use crate::store::alarms::insert::{KeptAlarm, insert as keep_alarms};
use crate::store::columns::column;
use crate::store::engine::connection::Conn;
use crate::store::engine::index_hints::PRIMARY_KEY;
use crate::store::engine::sizes::{Texts, parts};
use crate::store::engine::statement::Change;
use crate::store::engine::values::Values;
use crate::store::error::StoreError;
use crate::store::handle::Store;

use super::head::head;

/// What there is to tell of, by its row's number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Source {
    /// An entry of the journal.
    Entry(i64),
    /// A bill, as it stood when the event happened.
    Bill(i64),
}

/// An event on its way into the outbox.
#[derive(Debug, Clone)]
pub struct NewEvent {
    /// Of what.
    pub source: Source,
    /// Its number for everybody.
    pub event_id: EventId,
    /// What it is.
    pub event_type: EventType,
    /// About which order; `None`: about none.
    pub order_id: Option<OrderId>,
    /// Whose that is; `None`: no such order is known here, or it is about none.
    pub merchant_id: Option<i64>,
    /// Through which account it goes.
    pub account: AccountId,
    /// What is told, JSON.
    pub data: String,
    /// When it happened.
    pub at: Timestamp,
    /// The alarm that it raises, which is kept whether or not it is told.
    pub alarm: Option<NewAlarm>,
    /// Whether there is anybody to tell of it: otherwise it gets no position.
    pub is_told: bool,
    /// To which endpoints it is delivered.
    pub endpoints: Vec<EndpointName>,
}

/// An alarm that an event raises.
#[derive(Debug, Clone)]
pub struct NewAlarm {
    /// What it is about.
    pub kind: AlarmKind,
    /// More about it, in words that may be shown.
    pub detail: Option<String>,
}

impl Store {
    /// Puts these events, in their order, behind all that are in the outbox, plans their deliveries and keeps their alarms; `false` when
    /// another instance has told of one of them. (Two that take the same positions are told so by the primary key: on one server the second
    /// waits or meets its unique index, on two nodes of a cluster it is undone as a deadlock and tried again. That the feed has one order is
    /// worth it that there is one publisher at a time; nobody's payment waits for it.)
    ///
    /// # Errors
    /// [`StoreError::Conflict`]: another instance has published meanwhile.
    pub async fn publish(&self, events: Vec<NewEvent>, now: Timestamp) -> Result<bool, StoreError> {
        if events.is_empty() {
            return Ok(true);
        }
        Ok(self.engine().change(Publish { events, now }).await? > 0)
    }
}

struct Publish {
    events: Vec<NewEvent>,
    now: Timestamp,
}

/// A delivery to be planned.
struct NewDelivery<'p> {
    endpoint: &'p EndpointName,
    position: i64,
    order_id: Option<&'p OrderId>,
}

impl Publish {
    async fn apply_one(&self, conn: &mut Conn) -> Result<u64, Error> {
        let told = self.mark_told(conn).await?;
        if told == 0 {
            return Ok(0);
        }
        let head = head(conn).await?;
        let placed: Vec<_> = (head + 1..).zip(self.told()).collect();
        for part in parts(&placed) {
            insert(part, conn).await?;
        }
        let deliveries = placed.iter().flat_map(|(position, event)| {
            event.endpoints.iter().map(|endpoint| NewDelivery { endpoint, position: *position, order_id: event.order_id.as_ref() })
        });
        for part in parts(&deliveries.collect::<Vec<_>>()) {
            self.plan(part, conn).await?;
        }
        keep_alarms(&self.alarms().collect::<Vec<_>>(), conn).await?;
        Ok(told)
    }

    /// Those that get a position.
    fn told(&self) -> impl Iterator<Item = &NewEvent> {
        self.events.iter().filter(|event| event.is_told)
    }

    fn alarms(&self) -> impl Iterator<Item = KeptAlarm<'_>> {
        self.events.iter().filter_map(|event| {
            let (NewAlarm { kind, detail }, Source::Entry(entry)) = (event.alarm.as_ref()?, event.source) else { return None };
            let NewEvent { order_id, account, at, .. } = event;
            Some(KeptAlarm { entry, kind: *kind, order_id: order_id.as_ref(), account, detail: detail.as_deref(), at: *at })
        })
    }

    /// How many entries and bills there were; 0: another instance has told of one of them, and nothing is kept of what was changed.
    async fn mark_told(&self, conn: &mut Conn) -> Result<u64, Error> {
        let (mut entries, mut bills) = (Vec::new(), Vec::new());
        for event in &self.events {
            match event.source {
                Source::Entry(entry) => entries.push(entry),
                Source::Bill(bill) => bills.push((bill, event.at)),
            }
        }
        entries.dedup();
        let mut told = 0;
        for part in parts(&entries) {
            told += mark_entries_told(part, conn).await?;
        }
        for (bill, at) in &bills {
            told += mark_bill_told(*bill, *at, conn).await?;
        }
        Ok(if told == (entries.len() + bills.len()) as u64 { told } else { 0 })
    }

    async fn plan(&self, deliveries: &[NewDelivery<'_>], conn: &mut Conn) -> Result<u64, Error> {
        static INSERT: Texts = Texts::new(|rows| {
            let values = rows.list("(?, ?, ?, 0, ?, ?)");
            format!("INSERT INTO webhook_delivery (endpoint, position, order_id, tries, due_at, created_at) VALUES {values}")
        });
        let (mut values, now) = (Values::default(), column(self.now));
        for delivery in deliveries {
            let order_id = delivery.order_id.map(OrderId::as_str);
            values.extend([delivery.endpoint.as_str().into(), delivery.position.into(), order_id.into(), now.into(), now.into()]);
        }
        conn.change(INSERT.of(deliveries.len(), conn), values).await
    }
}

/// Unless it has been held against the books again since, which is told of instead.
async fn mark_bill_told(bill: i64, at: Timestamp, conn: &mut Conn) -> Result<u64, Error> {
    const UPDATE: &str = "UPDATE bill SET untold = NULL WHERE id = ? AND untold = 1 AND at = ?";
    conn.change(UPDATE, Values::of([bill.into(), column(at).into()])).await
}

async fn mark_entries_told(entries: &[i64], conn: &mut Conn) -> Result<u64, Error> {
    static UPDATE: Texts = Texts::new(|rows| {
        let (journal, list) = (rows.table("deal_event", PRIMARY_KEY), rows.list("?"));
        format!("UPDATE {journal} SET untold = NULL, announces = NULL WHERE id IN ({list}) AND untold = 1")
    });
    let mut values = Values::default();
    entries.iter().for_each(|entry| values.add(*entry));
    conn.change(UPDATE.of(entries.len(), conn), values).await
}

async fn insert(events: &[(i64, &NewEvent)], conn: &mut Conn) -> Result<u64, Error> {
    static INSERT: Texts = Texts::new(|rows| {
        let values = rows.list("(?, ?, ?, ?, ?, ?, ?, ?)");
        format!("INSERT INTO outbox (position, event_id, type, order_id, merchant_id, account, data, at) VALUES {values}")
    });
    let mut values = Values::default();
    for (position, event) in events {
        values.extend([
            (*position).into(),
            event.event_id.as_str().into(),
            event.event_type.as_str().into(),
            event.order_id.as_ref().map(OrderId::as_str).into(),
            event.merchant_id.into(),
            event.account.column().into(),
            event.data.as_str().into(),
            column(event.at).into(),
        ]);
    }
    conn.change(INSERT.of(events.len(), conn), values).await
}

impl Change for Publish {
    const NAME: &'static str = "publish";
    const YIELDS: bool = true;

    async fn apply(rows: &[&Self], conn: &mut Conn) -> Result<u64, Error> {
        let mut affected = 0;
        for row in rows {
            affected += row.apply_one(conn).await?;
        }
        Ok(affected)
    }

    /// The numbers were drawn for these very events. Where none gets a position only the index of the alarms can refuse, and what it
    /// refuses is kept already.
    async fn is_stored(&self, conn: &mut Conn) -> Result<bool, Error> {
        const COUNT: &str = "SELECT COUNT(*) FROM outbox WHERE event_id = ?";
        let Some(event) = self.told().next() else { return Ok(true) };
        conn.begin().await?;
        let counted = conn.rows::<(i64,)>(COUNT, Values::of([event.event_id.as_str().into()])).await;
        conn.end(counted.map(|counted| (false, counted == [(1,)]))).await
    }
}
