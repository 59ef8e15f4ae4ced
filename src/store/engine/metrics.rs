//! Metrics of the store's work.

use std::time::Duration;

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;

use crate::metrics::{Held, Label, Labelled, One, Registry, latency, sizes};

use super::error::StatementError;
use super::lane::Lane;

impl Label for Lane {
    const NAME: &'static str = "lane";
    const ALL: &'static [(Self, &'static str)] = &[(Self::Read, "read"), (Self::Write, "write"), (Self::Report, "report")];
}

/// The numbers of one store.
#[derive(Debug)]
pub struct StoreMetrics {
    in_hand: Labelled<Lane, Gauge>,
    duration: Labelled<Lane, Histogram>,
    batches: Labelled<Lane, Histogram>,
    errors: Family<One, Counter>,
}

impl Default for StoreMetrics {
    fn default() -> Self {
        Self {
            in_hand: Labelled::gauges(),
            duration: Labelled::histograms(latency),
            batches: Labelled::histograms(sizes),
            errors: Family::default(),
        }
    }
}

impl StoreMetrics {
    /// A statement waits for its turn, or is being carried out, until what is returned is dropped.
    pub(super) fn in_hand(&self, lane: Lane) -> Option<Held<'_>> {
        self.in_hand.hold(lane)
    }

    /// Counts so many statements that a worker took up together.
    pub(super) fn took(&self, lane: Lane, statements: usize) {
        self.batches.observe_count(lane, statements);
    }

    /// Counts a statement that was answered.
    pub(super) fn carried_out<T>(&self, lane: Lane, outcome: &Result<T, StatementError>, time: Duration) {
        self.duration.observe(lane, time);
        if let Err(error) = outcome {
            self.errors.get_or_create(&[("kind", error.word())]).inc();
        }
    }

    /// Shows them.
    pub fn register(&self, registry: &mut Registry) {
        self.in_hand.register(registry, "store_statements", "Statements that wait for a connection or are being carried out");
        self.duration.register(
            registry,
            "store_statement_duration_seconds",
            "From the asking to the answer: the wait for a connection, and the database",
        );
        self.batches.register(registry, "store_batch_statements", "Statements that were taken up together, to be committed together");
        registry.register("store_errors", "Statements that failed", self.errors.clone());
    }
}
