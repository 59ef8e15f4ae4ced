//! Delivery of events to the merchant's endpoints: at least once, each on its own schedule, leased like all that has a due time, by
//! any instance. An instance that dies leaves deliveries that come due again when their leases are over.
//!
//! Each endpoint has places of its own, so a slow one holds up no other; and no payment, which never waits for any of this.

mod choose;
mod circuit;
mod complaint;
mod give_up;
mod line;
mod metrics;
mod schedule;

use chrono::TimeDelta;
use futures_util::future::join_all;
use tracing::{debug, error, info, warn};

use crate::deal::{EndpointName, Timestamp};
use crate::store::{Delivery, NextTry, StoreError, TriedDelivery};
use crate::webhook::{Answer, Endpoint, Message};

use super::Gateway;
use choose::both_ends;
use circuit::{Leave, Turn};
pub use give_up::{deaf_endpoint, given_up};
pub use line::Lines;
use schedule::next_try;

/// How long a try is taken for: longer than an answer is waited for.
const LEASE: TimeDelta = TimeDelta::seconds(30);
/// So often what is due is read again because other instances have taken all of it.
const READINGS: usize = 4;

/// A delivery whose next try is this instance's.
#[derive(Debug)]
pub struct TakenDelivery {
    delivery: Delivery,
    until: Timestamp,
}

impl Gateway {
    /// The endpoints of the merchant's.
    pub fn endpoints(&self) -> &[Endpoint] {
        &self.endpoints
    }

    /// Waits until this instance has planned a delivery for an endpoint.
    pub async fn planned(&self, endpoint: &EndpointName) {
        self.lines.planned(endpoint).notified().await;
    }

    /// Takes deliveries of an endpoint that are due, at most as many as there is room for: none only when there are none, or while the
    /// endpoint is left alone.
    ///
    /// # Errors
    /// The database is not available.
    pub async fn take_due_deliveries(&self, endpoint: &Endpoint, room: usize) -> Result<Vec<TakenDelivery>, StoreError> {
        let (name, ticks) = (&endpoint.name, self.clock.ticks());
        let (room, is_probe) = match self.lines.with_circuit(name, ticks, |circuit, now| circuit.leave(now)) {
            Leave::All => (u32::try_from(room).unwrap_or(u32::MAX), false),
            Leave::Probe => (1, true),
            Leave::Nothing => return Ok(Vec::new()),
        };
        for _ in 0..READINGS {
            let now = self.now_by_database();
            let due = both_ends(self.store.due_deliveries(name, now, room.div_ceil(2)).await?, room);
            if due.is_empty() {
                break;
            }
            let taken = self.take(due, now + LEASE).await;
            if !taken.is_empty() {
                if is_probe {
                    self.lines.with_circuit(name, ticks, |circuit, now| circuit.probes(now));
                }
                return Ok(taken);
            }
        }
        Ok(Vec::new())
    }

    async fn take(&self, due: Vec<Delivery>, until: Timestamp) -> Vec<TakenDelivery> {
        let taken = join_all(due.iter().map(|delivery| self.store.take_delivery(delivery, until))).await;
        let mine = due.into_iter().zip(taken).filter_map(|(delivery, taken)| match taken {
            Ok(true) => Some(TakenDelivery { delivery, until }),
            Ok(false) => None,
            Err(error) => {
                debug!(%error, "a delivery could not be taken");
                None
            }
        });
        mine.collect()
    }

    /// Tries a delivery that was taken, and stores what came of it.
    pub async fn deliver(&self, endpoint: &Endpoint, TakenDelivery { delivery, until }: TakenDelivery) {
        let event = &delivery.event;
        let (event_id, name, tries) = (&event.event_id, &endpoint.name, delivery.tries.saturating_add(1));
        if self.now_by_database() >= until {
            return debug!(%event_id, endpoint = %name, "this instance stood still, and the lease on a delivery is over");
        }
        let tried = match Message::of(event_id, &event.event_type, event.at, &event.data) {
            Some(message) => {
                let begun = self.clock.ticks();
                let answer = endpoint.post(&message, &self.clock, &self.chance).await;
                self.lines.metrics.tried(name, &answer, self.clock.ticks().saturating_sub(begun));
                self.note_life(name, &answer).await;
                self.tried(tries, &answer)
            }
            // No version of this program has written it, and no try would mend it.
            None => TriedDelivery {
                at: self.now_by_database(),
                status: None,
                answer: Some("its data is no JSON".to_owned()),
                next: NextTry::GivenUp,
            },
        };
        let next = tried.next;
        let stored = match next {
            NextTry::GivenUp => self.give_up(&delivery, until, tried).await,
            NextTry::Delivered | NextTry::At(_) => self.store.note_delivery(&delivery, until, tried).await,
        };
        match (stored, next) {
            (Ok(true), NextTry::Delivered) => info!(%event_id, endpoint = %name, tries, "an event is delivered"),
            (Ok(true), NextTry::At(time)) => debug!(%event_id, endpoint = %name, tries, again_at = %time, "an event was not taken"),
            (Ok(true), NextTry::GivenUp) => {
                self.metrics.webhook_given_up();
                self.lines.metrics.given_up(name);
                error!(
                    alarm = "webhook_given_up", %event_id, endpoint = %name, tries,
                    "an event was not taken, however often it was tried: mend the endpoint and `wechat-pay webhooks resend {name}`"
                );
            }
            (Ok(false), _) => debug!(%event_id, endpoint = %name, "another instance has taken this delivery since"),
            (Err(error), _) => warn!(%event_id, endpoint = %name, %error, "what came of a delivery could not be stored; it is tried again"),
        }
    }

    /// Takes note of what an answer says of the endpoint itself.
    async fn note_life(&self, endpoint: &EndpointName, answer: &Answer) {
        let turn = self.lines.with_circuit(endpoint, self.clock.ticks(), |circuit, now| circuit.note(lives(answer), now));
        match turn {
            Turn::Opened => {
                self.lines.metrics.circuit_is_open(endpoint, true);
                warn!(%endpoint, "an endpoint does not answer: from now on it is tried once a minute");
            }
            Turn::Closed => {
                self.lines.metrics.circuit_is_open(endpoint, false);
                info!(%endpoint, "an endpoint answers again: what waits for it goes out");
            }
            Turn::None => {}
        }
        self.tell_of(endpoint, answer, turn);
        if matches!(answer, Answer::Gone(_)) && self.pause(endpoint).await {
            self.metrics.webhook_gone();
            error!(
                alarm = "webhook_gone", %endpoint,
                "an endpoint wants no more events (410), and is paused until a restart or `wechat-pay webhooks resume {endpoint}`"
            );
        }
    }

    /// Says that an endpoint begins to fail, or takes events again; never in its own words.
    fn tell_of(&self, endpoint: &EndpointName, answer: &Answer, turn: Turn) {
        let now = self.clock.now();
        let is_news = self.lines.with_complaint(endpoint, |complaint| match answer {
            Answer::Taken(_) => complaint.ends() && turn != Turn::Closed,
            Answer::Refused { .. } | Answer::Unanswered(_) => complaint.rises(now),
            // An alarm of its own.
            Answer::Gone(_) => false,
        });
        if !is_news {
            return;
        }
        match answer {
            Answer::Taken(_) => info!(%endpoint, "an endpoint takes events again"),
            Answer::Gone(_) => {}
            Answer::Refused { status, .. } => {
                warn!(%endpoint, status, "an endpoint refuses events: `wechat-pay webhooks` says in which words")
            }
            Answer::Unanswered(why) => warn!(%endpoint, reason = why.as_str(), "an endpoint did not answer"),
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

    async fn pause(&self, endpoint: &EndpointName) -> bool {
        self.store.pause_endpoint(endpoint, self.now_by_database()).await.unwrap_or_else(|error| {
            warn!(%endpoint, %error, "an endpoint could not be paused");
            false
        })
    }

    /// Lets an endpoint that has said 410 be delivered to again: a service that is started is told so.
    pub async fn resume_deliveries(&self, endpoint: &EndpointName) {
        match self.store.resume_endpoint(endpoint).await {
            Ok(true) => info!(%endpoint, "an endpoint that was paused (410) is delivered to again"),
            Ok(false) => {}
            Err(error) => warn!(%endpoint, %error, "whether an endpoint is paused is not known"),
        }
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
