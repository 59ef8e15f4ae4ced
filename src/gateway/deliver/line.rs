//! What this instance knows of each endpoint's line: whether the endpoint lives, and that something was planned for it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

use crate::deal::EndpointName;
use crate::webhook::Endpoint;

use super::circuit::Circuit;
use super::complaint::Complaint;
use super::metrics::DeliveryMetrics;

/// The lines of all endpoints, and what is counted of them.
#[derive(Debug)]
pub struct Lines {
    each: Mutex<HashMap<EndpointName, Line>>,
    pub metrics: DeliveryMetrics,
}

#[derive(Debug, Default)]
struct Line {
    circuit: Circuit,
    complaint: Complaint,
    planned: Arc<Notify>,
}

impl Lines {
    pub fn of(endpoints: &[Endpoint]) -> Self {
        Self { each: Mutex::default(), metrics: DeliveryMetrics::of(endpoints) }
    }

    /// Changes what is known of an endpoint's life.
    pub fn with_circuit<T>(&self, endpoint: &EndpointName, now: Duration, change: impl FnOnce(&mut Circuit, Duration) -> T) -> T {
        self.with(endpoint, |line| change(&mut line.circuit, now))
    }

    /// Changes what the log has said of an endpoint.
    pub fn with_complaint<T>(&self, endpoint: &EndpointName, change: impl FnOnce(&mut Complaint) -> T) -> T {
        self.with(endpoint, |line| change(&mut line.complaint))
    }

    /// That something was planned.
    pub fn planned(&self, endpoint: &EndpointName) -> Arc<Notify> {
        self.with(endpoint, |line| Arc::clone(&line.planned))
    }

    fn with<T>(&self, endpoint: &EndpointName, change: impl FnOnce(&mut Line) -> T) -> T {
        let mut each = self.each.lock().unwrap_or_else(PoisonError::into_inner);
        change(each.entry(endpoint.clone()).or_default())
    }
}
