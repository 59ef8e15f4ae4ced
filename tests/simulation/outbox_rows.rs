//! What is told, as it is stored: the outbox, the deliveries, what the journal has to tell; and what may become of a delivery.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{SubsecRound, TimeDelta};
use serde_json::Value;
use sqlx::{FromRow, SqliteConnection};
use wechat_pay::deal::{AccountId, RefundState, Timestamp};

use super::endpoints::Heard;
use super::invariants::time;
use super::refund_rows::RefundRow;

/// For so long a try is taken.
const LEASE: TimeDelta = TimeDelta::seconds(30);
/// Between two tries, in seconds, give or take a tenth.
const PAUSES: [i64; 10] = [5, 60, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400];
/// An endpoint that wants to be left alone for longer is asked all the same; in seconds.
const LONGEST_WISH: i64 = 30 * 86_400;
/// What tells of a bill.
pub const BILL: &str = "bill.reconciled";
/// So many there are before a delivery is given up.
pub const TRIES: i64 = 11;

/// An event of the outbox.
#[derive(Debug, Clone, PartialEq, Eq, Hash, FromRow)]
pub struct EventRow {
    pub position: i64,
    pub event_id: String,
    pub event_type: String,
    pub order_id: Option<String>,
    merchant_id: Option<i64>,
    account: Option<String>,
    pub data: String,
    at: String,
}

/// An entry of the journal by which an alarm may be raised, or one that there is still to tell of.
#[derive(Debug, Clone, PartialEq, Eq, Hash, FromRow)]
pub struct EntryRow {
    pub order_id: String,
    pub kind: String,
    pub detail: Option<String>,
    pub announces: Option<String>,
}

/// An alarm that is kept for the operator.
#[derive(Debug, Clone, PartialEq, Eq, Hash, FromRow)]
pub struct AlarmRow {
    pub entry: i64,
    pub kind: String,
    pub order_id: Option<String>,
    /// Of the entry of the journal.
    pub entry_order_id: Option<String>,
}

/// An event on its way to an endpoint.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct DeliveryRow {
    pub id: i64,
    pub endpoint: String,
    pub position: i64,
    pub order_id: Option<String>,
    pub tries: i64,
    pub due_at: Option<Timestamp>,
    pub created_at: Timestamp,
    pub tried_at: Option<Timestamp>,
    pub delivered_at: Option<Timestamp>,
    pub given_up_at: Option<Timestamp>,
    pub status: Option<i64>,
}

#[derive(FromRow)]
struct StoredDelivery {
    id: i64,
    endpoint: String,
    position: i64,
    order_id: Option<String>,
    tries: i64,
    due_at: Option<String>,
    created_at: String,
    tried_at: Option<String>,
    delivered_at: Option<String>,
    given_up_at: Option<String>,
    status: Option<i64>,
}

impl From<StoredDelivery> for DeliveryRow {
    fn from(stored: StoredDelivery) -> Self {
        Self {
            id: stored.id,
            endpoint: stored.endpoint,
            position: stored.position,
            order_id: stored.order_id,
            tries: stored.tries,
            due_at: stored.due_at.map(time),
            created_at: time(stored.created_at),
            tried_at: stored.tried_at.map(time),
            delivered_at: stored.delivered_at.map(time),
            given_up_at: stored.given_up_at.map(time),
            status: stored.status,
        }
    }
}

/// All of it, as it was read last, and what has been seen of how it came about.
#[derive(Default)]
pub struct Outbox {
    pub events: Vec<EventRow>,
    pub deliveries: BTreeMap<i64, DeliveryRow>,
    pub entries: Vec<EntryRow>,
    pub alarms: Vec<AlarmRow>,
    pub paused: BTreeSet<String>,
    /// Sellers of the deals.
    pub sellers: BTreeMap<String, i64>,
    /// How often a try of a delivery was taken, by its number.
    pub takes: BTreeMap<i64, u32>,
    /// Deliveries of which a try was noted since they were read before.
    pub noted: Vec<DeliveryRow>,
    /// How often a refund has come to such an end, as the journal would announce it.
    pub ends: BTreeMap<(String, String), usize>,
}

impl EventRow {
    /// As the journal has announced it.
    pub fn announcement(&self) -> String {
        let data: Value = serde_json::from_str(&self.data).expect("an event's data is JSON");
        let refund = |field: &str| data["refund"][field].as_str().expect("its refund");
        let word = &self.event_type;
        match word.as_str() {
            "deal.paid" if data["late"] == true => format!("{word} late"),
            "refund.succeeded" => format!("{word} {}", refund("refund_id")),
            "refund.failed" => format!("{word} {} {}", refund("refund_id"), refund("refund_state")),
            "alarm.raised" => format!("{word} {}", data["kind"].as_str().expect("its kind")),
            _ => word.clone(),
        }
    }

    /// Whether it tells of the bill of an account's day.
    pub fn is_of_bill(&self, account: &str, day: &str) -> bool {
        let data = || serde_json::from_str::<Value>(&self.data).expect("an event's data is JSON");
        self.event_type == BILL && (&data()["bill"]["account"], &data()["bill"]["date"]) == (&Value::from(account), &Value::from(day))
    }

    /// The deal that it is about, as it says: its seller, and its account.
    pub fn deal(&self) -> Option<(i64, AccountId)> {
        Some((self.merchant_id?, AccountId::from_column(self.account.clone())))
    }
}

impl Outbox {
    /// Reads it, and holds it against what it was.
    pub async fn read(&mut self, conn: &mut SqliteConnection, now: Timestamp) {
        const EVENTS: &str = "SELECT position, event_id, type AS event_type, order_id, merchant_id, account, data, at FROM outbox \
            ORDER BY position";
        const ENTRIES: &str = "SELECT order_id, kind, detail, announces FROM deal_event WHERE untold = 1 OR kind IN ('mismatch', \
            'settled', 'settled_late', 'identified', 'refunded', 'refund_booked', 'refund_mismatch', 'webhook_given_up') ORDER BY id";
        const DELIVERIES: &str = "SELECT id, endpoint, position, order_id, tries, due_at, created_at, tried_at, delivered_at, \
            given_up_at, status FROM webhook_delivery";
        const ALARMS: &str = "SELECT alarm.entry, alarm.kind, alarm.order_id, entry.order_id AS entry_order_id FROM alarm \
            LEFT JOIN deal_event entry ON entry.id = alarm.entry ORDER BY alarm.id";
        let events: Vec<EventRow> = sqlx::query_as(EVENTS).fetch_all(&mut *conn).await.unwrap();
        for (event, position) in events.iter().zip(1..) {
            assert_eq!(event.position, position, "a hole in the outbox: {event:?}");
        }
        let known = self.events.len();
        assert_eq!(events.get(..known), Some(&self.events[..]), "what a reader has read is another thing now");
        self.events = events;
        self.entries = sqlx::query_as(ENTRIES).fetch_all(&mut *conn).await.unwrap();
        self.alarms = sqlx::query_as(ALARMS).fetch_all(&mut *conn).await.unwrap();
        let stored: Vec<StoredDelivery> = sqlx::query_as(DELIVERIES).fetch_all(&mut *conn).await.unwrap();
        let deliveries: BTreeMap<_, _> = stored.into_iter().map(DeliveryRow::from).map(|row| (row.id, row)).collect();
        for before in self.deliveries.values() {
            let after = deliveries.get(&before.id).unwrap_or_else(|| panic!("a delivery is gone: {before:?}"));
            let is_taken = before.may_become(after, now);
            *self.takes.entry(before.id).or_default() += u32::from(is_taken);
            if before.tries != after.tries {
                self.noted.push(after.clone());
            }
        }
        for row in deliveries.values().filter(|row| !self.deliveries.contains_key(&row.id)) {
            assert_eq!((row.tries, row.delivered_at, row.given_up_at), (0, None, None), "it begins untried: {row:?}");
        }
        self.deliveries = deliveries;
        let paused: Vec<(String,)> = sqlx::query_as("SELECT endpoint FROM webhook_pause").fetch_all(&mut *conn).await.unwrap();
        self.paused = paused.into_iter().map(|(name,)| name).collect();
        let sellers: Vec<(String, i64)> = sqlx::query_as("SELECT order_id, merchant_id FROM deal").fetch_all(&mut *conn).await.unwrap();
        self.sellers = sellers.into_iter().collect();
    }

    /// Takes note of how refunds have ended.
    pub fn note_ends(&mut self, before: &BTreeMap<String, RefundRow>, after: &BTreeMap<String, RefundRow>) {
        for row in after.values().filter(|row| before.get(&row.refund_id).is_none_or(|before| before.state != row.state)) {
            let (refund_id, state) = (&row.refund_id, row.state.as_str());
            let end = match row.state {
                RefundState::Processing => continue,
                RefundState::Success => format!("refund.succeeded {refund_id}"),
                RefundState::Closed | RefundState::Abnormal | RefundState::Failed => format!("refund.failed {refund_id} {state}"),
            };
            *self.ends.entry((row.order_id.clone(), end)).or_default() += 1;
        }
    }

    /// All that was announced, told or not: about which order, and what.
    pub fn announced(&self) -> BTreeMap<(String, String), usize> {
        let told = self.events.iter().filter(|event| event.event_type != BILL);
        let told = told.map(|event| (event.order_id.clone().unwrap_or_default(), event.announcement()));
        let untold = self.entries.iter().flat_map(|entry| {
            let announces = entry.announces.as_deref().unwrap_or_default().split(',').filter(|announcement| !announcement.is_empty());
            announces.map(|announcement| (entry.order_id.clone(), announcement.to_owned()))
        });
        told.chain(untold).fold(BTreeMap::new(), |mut counted, announcement| {
            *counted.entry(announcement).or_default() += 1;
            counted
        })
    }

    /// How often an alarm of a kind about an order was told; and how many rows are kept of such.
    pub fn told_and_kept_alarms(&self) -> BTreeMap<(String, String), (usize, usize)> {
        let mut counted = BTreeMap::<_, (usize, usize)>::new();
        for event in &self.events {
            if let Some(kind) = event.announcement().strip_prefix("alarm.raised ") {
                counted.entry((event.order_id.clone().unwrap_or_default(), kind.to_owned())).or_default().0 += 1;
            }
        }
        for row in &self.alarms {
            counted.entry((row.order_id.clone().unwrap_or_default(), row.kind.clone())).or_default().1 += 1;
        }
        counted
    }

    pub fn delivery(&self, endpoint: &str, event_id: &str) -> Option<&DeliveryRow> {
        let event = self.events.iter().find(|event| event.event_id == event_id)?;
        self.deliveries.values().find(|row| row.endpoint == endpoint && row.position == event.position)
    }

    /// Earlier events of its order for its endpoint.
    pub fn earlier<'o>(&'o self, delivery: &'o DeliveryRow) -> impl Iterator<Item = &'o DeliveryRow> {
        let is_earlier =
            |row: &&DeliveryRow| row.endpoint == delivery.endpoint && row.order_id == delivery.order_id && row.position < delivery.position;
        self.deliveries.values().filter(move |row| delivery.order_id.is_some() && is_earlier(row))
    }
}

impl DeliveryRow {
    pub fn is_decided(&self) -> bool {
        self.due_at.is_none()
    }

    /// What may become of it by now; `true`: its next try was taken.
    fn may_become(&self, after: &Self, now: Timestamp) -> bool {
        let fixed = |row: &Self| (row.endpoint.clone(), row.position, row.order_id.clone(), row.created_at);
        assert_eq!(fixed(self), fixed(after), "a delivery is another one");
        if self == after {
            return false;
        }
        let due = self.due_at.unwrap_or_else(|| panic!("it was decided: {self:?} became {after:?}"));
        if self.tries == after.tries {
            let until = after.due_at.unwrap_or_else(|| panic!("decided without a try: {self:?} became {after:?}"));
            assert!(due <= now, "taken before it was due, at {now}: {self:?}");
            assert!(due < until && until <= now + LEASE, "leased for too long, at {now}: {self:?} became {after:?}");
            assert_eq!(*self, Self { due_at: self.due_at, ..after.clone() }, "a lease changes nothing else");
            return true;
        }
        assert_eq!(self.tries + 1, after.tries, "one try at a time: {self:?} became {after:?}");
        assert!(after.tried_at.is_some_and(|at| at <= now), "tried when? {after:?}");
        let next = [after.delivered_at.is_some(), after.given_up_at.is_some(), after.due_at.is_some()];
        assert_eq!(next.into_iter().filter(|is_next| *is_next).count(), 1, "one thing is next: {after:?}");
        false
    }

    /// A try that was noted is one that an instance has heard of, and what is next follows from it.
    pub fn follows_from(&self, heard: &[Heard]) {
        let Some(tried_at) = self.tried_at else { return };
        let is_of_it = |heard: &&Heard| {
            let is_then = heard.at == tried_at || heard.status == Some(410) && heard.at <= tried_at;
            heard.status.map(i64::from) == self.status && is_then
        };
        let heard: Vec<_> = heard.iter().filter(is_of_it).collect();
        assert!(!heard.is_empty(), "a try of which no instance has heard: {self:?}");
        if self.delivered_at.is_some() {
            assert!(self.status.is_some_and(|status| (200..300).contains(&status)), "delivered, and not taken: {self:?}");
        } else if self.given_up_at.is_some() {
            assert_eq!(self.tries, TRIES, "given up too soon, or too late: {self:?}");
        }
    }

    /// The pause behind a try of which an instance has heard this.
    pub fn waits_as_planned(&self, heard: &[Heard]) {
        let (Some(tried_at), Some(due)) = (self.tried_at, self.due_at) else { return };
        let planned = usize::try_from(self.tries - 1).ok().and_then(|tries| PAUSES.get(tries));
        let planned = planned.unwrap_or_else(|| panic!("tried too often: {self:?}"));
        let pause = (due - tried_at).num_seconds();
        let wishes = heard.iter().filter(|heard| heard.at.trunc_subsecs(0) <= tried_at && heard.status.map(i64::from) == self.status);
        let lawful = wishes.map(|heard| heard.wish.map_or(0, |wish| wish.num_seconds().min(LONGEST_WISH))).any(|wish| {
            let least = (planned * 9 / 10).max(wish);
            (least..=(planned * 11 / 10 + 1).max(wish)).contains(&pause)
        });
        assert!(lawful, "the next try comes after {pause} s, planned {planned}: {self:?} {heard:?}");
    }
}
