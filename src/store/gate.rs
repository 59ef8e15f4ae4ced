//! The workers of a store that may not be open yet: until then every statement is refused at once, as one is while the database
//! is away. So a service can answer from its first moment, and its layers need not know.

use std::sync::{Arc, OnceLock};

use super::StoreError;
use super::metrics::StoreMetrics;
use super::statement::{Answer, Purpose, Statement};
use super::worker::{Lane, Workers};
use super::writable::Writable;

pub const CLOSED: StoreError = StoreError::Unavailable("it is not open yet");

/// The workers, once they are there.
#[derive(Debug, Clone, Default)]
pub struct Gate {
    workers: Arc<OnceLock<Workers>>,
    /// Theirs, shown from the start.
    metrics: Arc<StoreMetrics>,
}

impl Gate {
    /// Lets statements through to these, from now on.
    pub fn open(&self, workers: Workers) {
        let _ = self.workers.set(workers);
    }

    pub async fn run(&self, lane: Lane, statement: Statement) -> Result<Answer, StoreError> {
        self.run_for(statement.purpose(), lane, statement).await
    }

    pub async fn run_for(&self, purpose: Purpose, lane: Lane, statement: Statement) -> Result<Answer, StoreError> {
        match self.workers.get() {
            Some(workers) => workers.run(purpose, lane, statement).await,
            None => Err(CLOSED),
        }
    }

    pub fn writable(&self) -> Option<&Writable> {
        self.workers.get().map(Workers::writable)
    }

    pub fn metrics(&self) -> &Arc<StoreMetrics> {
        &self.metrics
    }
}
