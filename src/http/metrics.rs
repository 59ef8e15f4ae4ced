//! Metrics of requests, and `GET /metrics`, which shows all that is counted.
//!
//! It has a listener of its own, or none: every payer reaches the main one through a proxy, and how much is sold is not for
//! payers to know.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{MatchedPath, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue, LabelValueEncoder, prometheus_text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;

use crate::metrics::{self, Registry, latency};
use crate::telemetry;

use super::{App, health};

/// A route as the router knows it: never what a caller typed. `None`: no route was met.
#[derive(Debug, Clone)]
struct Route(Option<MatchedPath>);

impl Route {
    fn as_str(&self) -> &str {
        self.0.as_ref().map_or("none", MatchedPath::as_str)
    }
}

impl PartialEq for Route {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for Route {}

impl std::hash::Hash for Route {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.as_str().hash(state);
    }
}

impl EncodeLabelValue for Route {
    fn encode(&self, encoder: &mut LabelValueEncoder<'_>) -> std::fmt::Result {
        self.as_str().encode(encoder)
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Served {
    route: Route,
    status: u16,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OnRoute {
    route: Route,
}

/// The numbers of one instance's requests.
#[derive(Debug, Clone)]
pub struct HttpMetrics {
    requests: Family<Served, Counter>,
    duration: Family<OnRoute, Histogram>,
}

impl Default for HttpMetrics {
    fn default() -> Self {
        Self { requests: Family::default(), duration: Family::new_with_constructor(latency) }
    }
}

impl HttpMetrics {
    /// Counts an answered request.
    pub(super) fn served(&self, route: Option<MatchedPath>, status: StatusCode, time: Duration) {
        let route = Route(route);
        self.requests.get_or_create(&Served { route: route.clone(), status: status.as_u16() }).inc();
        self.duration.get_or_create(&OnRoute { route }).observe(time.as_secs_f64());
    }

    fn register(&self, registry: &mut Registry) {
        registry.register("http_requests", "Requests answered, by route and status", self.requests.clone());
        registry.register("http_request_duration_seconds", "From a request's head to its answer", self.duration.clone());
    }
}

/// Everything that is shown.
struct Shown {
    app: Arc<App>,
    registry: Registry,
    ready: Gauge,
    log_lines_lost: Counter,
}

/// The routes of the metrics' own listener.
pub fn metrics_router(app: Arc<App>) -> Router {
    let mut registry = metrics::registry(app.gateway.now());
    let (ready, log_lines_lost) = (Gauge::default(), Counter::default());
    let ours = metrics::ours(&mut registry);
    app.metrics.register(ours);
    app.gateway.register_metrics(ours);
    ours.register("ready", "1 if /readyz would say so", ready.clone());
    ours.register("log_lines_lost", "Lines that could not be written to the log", log_lines_lost.clone());
    Router::new().route("/metrics", get(show)).with_state(Arc::new(Shown { app, registry, ready, log_lines_lost }))
}

async fn show(State(shown): State<Arc<Shown>>) -> Response {
    let (readiness, ()) = tokio::join!(health::readiness(&shown.app), shown.app.gateway.refresh_metrics());
    shown.ready.set(readiness.is_ok().into());
    let lost = telemetry::lines_lost();
    shown.log_lines_lost.inc_by(lost.saturating_sub(shown.log_lines_lost.get()));
    let mut text = String::with_capacity(32 * 1024);
    match prometheus_text::encode(&mut text, &shown.registry) {
        Ok(()) => ([(header::CONTENT_TYPE, prometheus_text::CONTENT_TYPE)], text).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}
