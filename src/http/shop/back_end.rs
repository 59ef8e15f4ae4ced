//! The demo shop's back end, as a merchant writes one: it takes events, believes those that are signed, and remembers which orders it
//! was told are paid.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use serde::Deserialize;

use crate::clock::Clock;
use crate::deal::{OrderId, Timestamp};
use crate::webhook::Secrets;

/// Orders that are remembered: more than the shop shows.
const REMEMBERED: usize = 100;
/// Bytes of an event, of which none is near so long.
const LARGEST: usize = 64 * 1024;

/// What the shop was told.
#[derive(Debug)]
pub struct BackEnd {
    secrets: Secrets,
    clock: Clock,
    paid: Mutex<VecDeque<(String, Timestamp)>>,
}

/// Of an event, what the shop looks at.
#[derive(Deserialize)]
struct Event {
    r#type: String,
    data: Data,
}

#[derive(Deserialize)]
struct Data {
    deal: Option<Deal>,
}

#[derive(Deserialize)]
struct Deal {
    order_id: String,
}

impl BackEnd {
    /// One that was told of nothing yet. `secrets`: by which its events are signed.
    pub fn new(secrets: Secrets, clock: Clock) -> Self {
        Self { secrets, clock, paid: Mutex::default() }
    }

    /// Where events are posted: `/events`.
    pub fn router(self: Arc<Self>) -> Router {
        Router::new().route("/events", post(take)).layer(DefaultBodyLimit::max(LARGEST)).with_state(self)
    }

    /// When it was told that an order is paid.
    pub fn told_at(&self, order_id: &OrderId) -> Option<Timestamp> {
        self.paid().iter().find(|(paid, _)| paid == order_id.as_str()).map(|(_, at)| *at)
    }

    fn paid(&self) -> MutexGuard<'_, VecDeque<(String, Timestamp)>> {
        self.paid.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn believes(&self, headers: &HeaderMap, body: &str) -> bool {
        let header = |name| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let timestamp = header("webhook-timestamp").parse().unwrap_or_default();
        self.secrets.verify(header("webhook-id"), timestamp, header("webhook-signature"), body, self.clock.now())
    }

    /// However often it is told: once.
    fn remember(&self, order_id: String) {
        let mut paid = self.paid();
        if paid.iter().all(|(known, _)| *known != order_id) {
            paid.push_back((order_id, self.clock.now()));
            if paid.len() > REMEMBERED {
                paid.pop_front();
            }
        }
    }
}

async fn take(State(back_end): State<Arc<BackEnd>>, headers: HeaderMap, body: String) -> StatusCode {
    if !back_end.believes(&headers, &body) {
        return StatusCode::UNAUTHORIZED;
    }
    let Ok(event) = serde_json::from_str::<Event>(&body) else { return StatusCode::BAD_REQUEST };
    if let ("deal.paid", Some(deal)) = (&*event.r#type, event.data.deal) {
        back_end.remember(deal.order_id);
    }
    StatusCode::NO_CONTENT
}
