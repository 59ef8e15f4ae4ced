//! Delivery of events to the merchant's endpoints: at least once, each on its own schedule, leased like all that has a due time, by
//! any instance. An instance that dies leaves deliveries that come due again when their leases are over.
//!
//! What came due last goes first, and half of the places go to what waits longest, so nothing waits for ever. Each endpoint has places
//! of its own, so a slow one holds up no other; and no payment, which never waits for any of this.

mod circuit;
mod schedule;

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use chrono::TimeDelta;
use futures_util::future::join_all;
use tracing::{debug, error, info, warn};

use crate::deal::{AlarmKind, Announcement, EndpointName, EventType, Timestamp};
use crate::store::{Delivery, Event, EventKind, NextTry, Origin, StoreError, TriedDelivery};
use crate::webhook::{Answer, Endpoint, Message};

use super::Gateway;
use circuit::Circuit;
use schedule::next_try;

/// How long a try is taken for: longer than an answer is waited for.
const LEASE: TimeDelta = TimeDelta::seconds(30);
/// Tries that are under way at once, to one endpoint and to all.
const TO_ONE: usize = 16;
const TO_ALL: usize = 64;

/// What this instance knows of the endpoints' lives.
#[derive(Debug, Default)]
pub struct Circuits(Mutex<HashMap<EndpointName, Circuit>>);

/// A delivery whose next try is this instance's.
#[derive(Debug)]
pub struct TakenDelivery {
    delivery: Delivery,
    until: Timestamp,
}

/// How many tries to each endpoint may be under way at once, where there are so many endpoints.
pub fn places(endpoints: usize) -> usize {
    (TO_ALL / endpoints.max(1)).clamp(1, TO_ONE)
}

impl Gateway {
    /// The endpoints of the merchant's.
    pub fn endpoints(&self) -> &[Endpoint] {
        &self.endpoints
    }

    /// Takes deliveries of an endpoint that are due, at most as many as there is room for.
    ///
    /// # Errors
    /// The database is not available.
    pub async fn take_due_deliveries(&self, endpoint: &Endpoint, room: usize) -> Result<Vec<TakenDelivery>, StoreError> {
        let room = u32::try_from(room).unwrap_or(u32::MAX);
        let room = self.with_circuit(&endpoint.name, |circuit, now| circuit.let_through(room, now));
        if room == 0 {
            return Ok(Vec::new());
        }
        let now = self.now_by_database();
        let due = self.store.due_deliveries(&endpoint.name, now, room.div_ceil(2)).await?;
        let chosen = both_ends(due, room);
        let until = now + LEASE;
        let taken = join_all(chosen.iter().map(|delivery| self.store.take_delivery(delivery, until))).await;
        let mine = chosen.into_iter().zip(taken).filter_map(|(delivery, taken)| match taken {
            Ok(true) => Some(TakenDelivery { delivery, until }),
            Ok(false) => None,
            Err(error) => {
                debug!(%error, "a delivery could not be taken");
                None
            }
        });
        Ok(mine.collect())
    }

    /// Tries a delivery that was taken, and stores what came of it.
    pub async fn deliver(&self, endpoint: &Endpoint, TakenDelivery { delivery, until }: TakenDelivery) {
        let event = &delivery.event;
        let (event_id, name, tries) = (&event.event_id, &endpoint.name, delivery.tries + 1);
        let Some(message) = Message::of(event_id, &event.event_type, event.at, &event.data) else {
            return error!(%event_id, "an event cannot be sent: its data is no JSON");
        };
        let answer = endpoint.post(&message, &self.clock, &self.chance).await;
        let opens = self.with_circuit(name, |circuit, now| circuit.note(lives(&answer), now));
        if opens {
            warn!(endpoint = %name, "an endpoint does not answer: from now on it is tried once a minute");
        }
        if matches!(answer, Answer::Gone(_)) && self.pause(name).await {
            error!(alarm = "webhook_gone", endpoint = %name, "an endpoint wants no more events (410); `wechat-pay webhooks resume {name}`");
        }
        let tried = self.tried(tries, &answer);
        let next = tried.next;
        self.metrics.delivery_tried(next);
        let stored = match next {
            NextTry::GivenUp => self.give_up(&delivery, until, tried).await,
            NextTry::Delivered | NextTry::At(_) => self.store.note_delivery(&delivery, until, tried).await,
        };
        match (stored, next) {
            (Ok(true), NextTry::Delivered) => info!(%event_id, endpoint = %name, tries, "an event is delivered"),
            (Ok(true), NextTry::At(time)) => debug!(%event_id, endpoint = %name, tries, again_at = %time, "an event was not taken"),
            (Ok(true), NextTry::GivenUp) => error!(
                alarm = "webhook_given_up", %event_id, endpoint = %name, tries,
                "an event was not taken, however often it was tried: mend the endpoint and `wechat-pay webhooks resend {name}`"
            ),
            (Ok(false), _) => debug!(%event_id, endpoint = %name, "another instance has taken this delivery since"),
            (Err(error), _) => warn!(%event_id, endpoint = %name, %error, "what came of a delivery could not be stored; it is tried again"),
        }
    }

    fn tried(&self, tries: u32, answer: &Answer) -> TriedDelivery {
        let now = self.now_by_database();
        let again = |wish| next_try(tries, wish, now, self.chance.draw());
        let (status, words, next) = match answer {
            Answer::Taken(status) => (Some(*status), None, NextTry::Delivered),
            Answer::Gone(words) => (Some(410), Some(words.clone()), again(None)),
            Answer::Refused { status, words, retry_after } => (Some(*status), Some(words.clone()), again(*retry_after)),
            Answer::Unanswered(why) => (None, Some(why.to_string()), again(None)),
        };
        TriedDelivery { at: now, status, answer: words, next }
    }

    /// An alarm about a delivery of an alarm about a delivery would have no end.
    async fn give_up(&self, delivery: &Delivery, until: Timestamp, tried: TriedDelivery) -> Result<bool, StoreError> {
        let is_alarm = delivery.event.event_type == EventType::AlarmRaised.as_str();
        let Some(order_id) = delivery.order_id.as_ref().filter(|_| !is_alarm) else {
            return self.store.note_delivery(delivery, until, tried).await;
        };
        let detail = format!("{} to {}", delivery.event.event_id, delivery.endpoint);
        let event = Event {
            detail: Some(detail),
            announces: vec![Announcement::AlarmRaised(AlarmKind::WebhookGivenUp)],
            ..self.event(order_id, EventKind::WebhookGivenUp, Origin::Sweeper)
        };
        self.store.give_delivery_up(delivery, until, tried, event).await
    }

    async fn pause(&self, endpoint: &EndpointName) -> bool {
        self.store.pause_endpoint(endpoint, self.now_by_database()).await.unwrap_or_else(|error| {
            warn!(%endpoint, %error, "an endpoint could not be paused");
            false
        })
    }

    fn with_circuit<T>(&self, endpoint: &EndpointName, change: impl FnOnce(&mut Circuit, std::time::Duration) -> T) -> T {
        let mut circuits = self.circuits.0.lock().unwrap_or_else(PoisonError::into_inner);
        change(circuits.entry(endpoint.clone()).or_default(), self.clock.ticks())
    }
}

/// Whether there is a program behind the endpoint that answers, whatever it says of this message.
fn lives(answer: &Answer) -> bool {
    match answer {
        Answer::Taken(_) | Answer::Gone(_) => true,
        Answer::Refused { status, .. } => *status < 500 && *status != 429,
        Answer::Unanswered(_) => false,
    }
}

/// So many of what came due last and of what waits longest, by turns, the last first.
fn both_ends(mut due: Vec<Delivery>, room: u32) -> Vec<Delivery> {
    let room = room as usize;
    if due.len() > room {
        let oldest = due.split_off(due.len() - room / 2);
        due.truncate(room - oldest.len());
        due.extend(oldest);
    }
    due
}
