//! The merchant's endpoint, which fails now and then; and afterwards what it was told, what the feed tells and what the table holds, held
//! against each other.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use axum::{Router, extract};
use serde_json::Value;
use sqlx::MySqlConnection;
use tokio::net::TcpListener;
use tokio::time::sleep;

use super::database::{connect, until};
use super::tills::Scene;
use crate::support::random::Random;

pub const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
/// Everything is delivered within this time of the end of the load: a lease that a killed instance held, and the pauses behind two tries.
const DELIVERED_WITHIN: Duration = Duration::from_secs(180);
/// How often what does not fit is looked at again.
const LOOKS: u32 = 5;

/// Longer than an answer is waited for.
const TOO_LONG: Duration = Duration::from_secs(20);

/// The endpoint, by the events' ids.
struct State {
    random: Random,
    seen: BTreeSet<String>,
    /// How often each was taken.
    taken: BTreeMap<String, u64>,
}

type Shared = Arc<Mutex<State>>;

pub struct Endpoint {
    pub address: SocketAddr,
    state: Shared,
}

impl Endpoint {
    /// Of each event's first messages some are refused, and some are taken without an answer in time.
    pub async fn start(random: Random) -> Self {
        let state = Arc::new(Mutex::new(State { random, seen: BTreeSet::new(), taken: BTreeMap::new() }));
        let router = Router::new().route("/", post(hear)).with_state(Arc::clone(&state));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { address, state }
    }

    /// Waits until all is told, and judges by each of these databases.
    pub async fn verify(&self, databases: &[String], scene: &Scene, wrong: &mut Vec<String>) {
        let delivered = until(DELIVERED_WITHIN, async || waiting(&mut connect(&databases[0]).await).await == 0).await;
        if delivered.is_none() {
            wrong.push(format!("not everything is told and delivered {DELIVERED_WITHIN:?} after the load"));
        }
        for database in databases {
            let mut found = self.against(&mut connect(database).await, scene).await;
            // A deal that WeChat has never heard of may end meanwhile, and be told of between two looks. What is wrong stays so.
            for _ in 0..LOOKS {
                if found.is_empty() {
                    break;
                }
                sleep(Duration::from_secs(1)).await;
                found = self.against(&mut connect(database).await, scene).await;
            }
            wrong.append(&mut found);
        }
        let taken = self.state.lock().unwrap().taken.clone();
        let again = taken.values().filter(|times| **times > 1).count();
        eprintln!("events told / taken twice       {} / {again}; delivered after {delivered:.1?}", taken.len());
    }

    /// What does not fit of what one database holds, what the endpoint has taken and what a reader of the feed reads.
    async fn against(&self, connection: &mut MySqlConnection, scene: &Scene) -> Vec<String> {
        let mut wrong = Vec::new();
        let events = events(connection).await;
        if let Some(place) = events.iter().zip(1..).position(|(event, position)| event.position != position) {
            wrong.push(format!("there is a hole in the outbox before {:?}", events[place]));
        }
        let told: Vec<_> = events.iter().map(|event| event.event_id.clone()).collect();
        let taken = self.state.lock().unwrap().taken.clone();
        if !taken.keys().eq(told.iter().collect::<BTreeSet<_>>()) {
            wrong.push(format!("the endpoint has taken {} events, and {} were told", taken.len(), told.len()));
        }
        let read = scene.till.changes().await;
        if read != told {
            wrong.push(format!(
                "a reader of the feed has read {} events, not the {} that were told, in their order",
                read.len(),
                told.len()
            ));
        }
        against_the_table(&events, &happened(connection).await, &mut wrong);
        wrong
    }
}

async fn hear(extract::State(state): extract::State<Shared>, headers: HeaderMap) -> StatusCode {
    let id = headers["webhook-id"].to_str().unwrap().to_owned();
    let is_late = {
        let mut state = state.lock().unwrap();
        let is_first = state.seen.insert(id.clone());
        if is_first && state.random.happens(80) {
            return StatusCode::SERVICE_UNAVAILABLE;
        }
        *state.taken.entry(id).or_default() += 1;
        is_first && state.random.happens(15)
    };
    if is_late {
        sleep(TOO_LONG).await;
    }
    StatusCode::NO_CONTENT
}

/// An event of the outbox.
#[derive(Debug, sqlx::FromRow)]
struct Event {
    position: i64,
    event_id: String,
    event_type: String,
    order_id: String,
    data: String,
}

impl Event {
    /// What it is about: of a refund its number.
    fn subject(&self) -> String {
        let data: Value = serde_json::from_str(&self.data).unwrap();
        data["refund"]["refund_id"].as_str().map_or_else(|| self.order_id.clone(), str::to_owned)
    }
}

/// Each change that must be told, and as what: of a refund that was refused and went on all the same both ends were.
fn against_the_table(events: &[Event], happened: &BTreeSet<(String, String)>, wrong: &mut Vec<String>) {
    let mut told: BTreeMap<_, u32> = BTreeMap::new();
    let of_no_row = ["alarm.raised", "bill.reconciled"];
    for event in events.iter().filter(|event| !of_no_row.contains(&event.event_type.as_str())) {
        *told.entry((event.event_type.clone(), event.subject())).or_default() += 1;
    }
    for (change, times) in &told {
        if *times != 1 {
            wrong.push(format!("{change:?} was told {times} times"));
        }
    }
    for change in happened.iter().filter(|change| !told.contains_key(*change)) {
        wrong.push(format!("nobody was told: {change:?}"));
    }
    for change in told.keys().filter(|change| !happened.contains(*change)) {
        wrong.push(format!("it was told, and is not so: {change:?}"));
    }
}

/// Entries that are not told, and deliveries that are not decided.
async fn waiting(connection: &mut MySqlConnection) -> i64 {
    const WAITING: &str = "SELECT (SELECT COUNT(*) FROM deal_event WHERE untold = 1) + \
        (SELECT COUNT(*) FROM webhook_delivery WHERE due_at IS NOT NULL)";
    sqlx::query_scalar(WAITING).fetch_one(connection).await.unwrap()
}

async fn events(connection: &mut MySqlConnection) -> Vec<Event> {
    const EVENTS: &str =
        "SELECT position, event_id, type AS event_type, COALESCE(order_id, '') AS order_id, data FROM outbox ORDER BY position";
    sqlx::query_as(EVENTS).fetch_all(connection).await.unwrap()
}

/// What the rows of deals and refunds, and the journal, say that has happened.
async fn happened(connection: &mut MySqlConnection) -> BTreeSet<(String, String)> {
    const HAPPENED: &str = "SELECT 'deal.paid', order_id FROM deal WHERE status = 1 \
        UNION SELECT 'deal.expired', order_id FROM deal_event WHERE kind = 'expired' \
        UNION SELECT 'refund.succeeded', refund_id FROM refund WHERE state = 'SUCCESS' \
        UNION SELECT 'refund.failed', refund_id FROM refund WHERE state IN ('CLOSED', 'ABNORMAL', 'FAILED') \
        UNION SELECT 'refund.failed', SUBSTRING_INDEX(detail, ':', 1) FROM deal_event \
        WHERE kind IN ('refund_closed', 'refund_abnormal', 'refund_failed')";
    sqlx::query_as::<_, (String, String)>(HAPPENED).fetch_all(connection).await.unwrap().into_iter().collect()
}
