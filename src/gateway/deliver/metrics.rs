//! What is counted of publication and of the deliveries, by endpoint. The series of the endpoints that are configured are there from
//! the start.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use prometheus_client::encoding::{EncodeLabelSet, LabelSetEncoder};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;

use crate::deal::{EndpointName, Timestamp};
use crate::metrics::{Label, One, Registry};
use crate::store::Backlog;
use crate::webhook::{Answer, Endpoint};

use super::super::Gateway;
use super::super::labels::DeliveryOutcome;

/// The label that names an endpoint.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct OfEndpoint(EndpointName);

impl EncodeLabelSet for OfEndpoint {
    fn encode(&self, encoder: &mut LabelSetEncoder<'_>) -> fmt::Result {
        [("endpoint", self.0.as_str())].encode(encoder)
    }
}

/// The numbers of one instance.
#[derive(Debug)]
pub struct DeliveryMetrics {
    published: Counter,
    outcomes: Family<(OfEndpoint, One), Counter>,
    took: Family<OfEndpoint, Histogram>,
    waiting: Family<OfEndpoint, Gauge>,
    oldest_age: Family<OfEndpoint, Gauge>,
    circuit_open: Family<OfEndpoint, Gauge>,
    paused: Family<OfEndpoint, Gauge>,
    untold_age: Gauge,
    oldest: Mutex<Oldest>,
}

/// Since when things wait, as of the last count.
#[derive(Debug, Default)]
struct Oldest {
    untold: Option<Timestamp>,
    due: HashMap<EndpointName, Option<Timestamp>>,
}

/// Up to the 15 s for which an answer is waited for.
fn durations() -> Histogram {
    Histogram::new([0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 15.0])
}

impl DeliveryMetrics {
    pub fn of(endpoints: &[Endpoint]) -> Self {
        let metrics = Self {
            published: Counter::default(),
            outcomes: Family::default(),
            took: Family::new_with_constructor(durations),
            waiting: Family::default(),
            oldest_age: Family::default(),
            circuit_open: Family::default(),
            paused: Family::default(),
            untold_age: Gauge::default(),
            oldest: Mutex::default(),
        };
        for Endpoint { name, .. } in endpoints {
            for (outcome, _) in DeliveryOutcome::ALL {
                drop(metrics.outcomes.get_or_create(&labels(name, *outcome)));
            }
            let name = OfEndpoint(name.clone());
            drop(metrics.took.get_or_create(&name));
            for gauge in [&metrics.waiting, &metrics.oldest_age, &metrics.circuit_open, &metrics.paused] {
                drop(gauge.get_or_create(&name));
            }
        }
        metrics
    }

    pub fn published(&self, events: usize) {
        self.published.inc_by(u64::try_from(events).unwrap_or(u64::MAX));
    }

    /// A try has ended.
    pub fn tried(&self, endpoint: &EndpointName, answer: &Answer, took: Duration) {
        let outcome = match answer {
            Answer::Taken(_) => DeliveryOutcome::Delivered,
            Answer::Gone(_) | Answer::Refused { .. } => DeliveryOutcome::Refused,
            Answer::Unanswered(_) => DeliveryOutcome::Unanswered,
        };
        self.outcomes.get_or_create(&labels(endpoint, outcome)).inc();
        self.took.get_or_create(&OfEndpoint(endpoint.clone())).observe(took.as_secs_f64());
    }

    pub fn given_up(&self, endpoint: &EndpointName) {
        self.outcomes.get_or_create(&labels(endpoint, DeliveryOutcome::GivenUp)).inc();
    }

    pub fn circuit_is_open(&self, endpoint: &EndpointName, is_open: bool) {
        self.circuit_open.get_or_create(&OfEndpoint(endpoint.clone())).set(is_open.into());
    }

    fn counted(&self, endpoint: &EndpointName, backlog: Backlog) {
        let name = OfEndpoint(endpoint.clone());
        self.waiting.get_or_create(&name).set(backlog.waiting);
        self.paused.get_or_create(&name).set(backlog.is_paused.into());
        self.with_oldest(|oldest| oldest.due.insert(endpoint.clone(), backlog.due_since));
    }

    fn with_oldest<T>(&self, change: impl FnOnce(&mut Oldest) -> T) -> T {
        change(&mut self.oldest.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// A database that is away leaves what was known: ages go on growing.
    fn show_ages(&self, now: Timestamp) {
        let age = |since: Option<Timestamp>| since.map_or(0, |since| (now - since).num_seconds().max(0));
        self.with_oldest(|oldest| {
            self.untold_age.set(age(oldest.untold));
            for (endpoint, since) in &oldest.due {
                self.oldest_age.get_or_create(&OfEndpoint(endpoint.clone())).set(age(*since));
            }
        });
    }

    pub fn register(&self, registry: &mut Registry) {
        registry.register("events_published", "Events that came into the outbox", self.published.clone());
        registry.register(
            "oldest_untold_change_age_seconds",
            "Since the oldest change happened that is to be told of and has not come into the outbox",
            self.untold_age.clone(),
        );
        registry.register("webhook_deliveries", "Tries to deliver an event, and deliveries given up, by endpoint", self.outcomes.clone());
        registry.register("webhook_try_duration_seconds", "How long an endpoint's answer took", self.took.clone());
        registry.register("webhook_waiting_deliveries", "Deliveries that are not decided, counted up to 100000", self.waiting.clone());
        registry.register(
            "webhook_oldest_due_age_seconds",
            "Since the delivery came due that waits longest for its next try",
            self.oldest_age.clone(),
        );
        registry.register("webhook_circuit_open", "Whether an endpoint is tried once a minute only: 0 or 1", self.circuit_open.clone());
        registry.register("webhook_paused", "Whether an endpoint has said that it wants no more events: 0 or 1", self.paused.clone());
    }
}

fn labels(endpoint: &EndpointName, outcome: DeliveryOutcome) -> (OfEndpoint, One) {
    (OfEndpoint(endpoint.clone()), [(DeliveryOutcome::NAME, outcome.as_str())])
}

impl Gateway {
    /// Counts what waits.
    pub(in super::super) async fn count_deliveries(&self) {
        let now = self.now_by_database();
        if let Ok(oldest) = self.store.oldest_untold().await {
            self.lines.metrics.with_oldest(|known| known.untold = oldest);
        }
        for endpoint in &self.endpoints {
            if let Ok(backlog) = self.store.backlog(&endpoint.name, now).await {
                self.lines.metrics.counted(&endpoint.name, backlog);
            }
        }
    }

    /// Shows since when things wait.
    pub(in super::super) fn show_delivery_ages(&self) {
        self.lines.metrics.show_ages(self.now_by_database());
    }
}
