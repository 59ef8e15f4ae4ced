//! Middleware around every page: its line in the log, and an answer where a handler panics.

use std::sync::Arc;

use axum::extract::{MatchedPath, Request, State};
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tokio::time::Instant;
use tracing::field::Empty;
use tracing::{Instrument, error_span, info};

use crate::listener::{Peer, caught};
use crate::trace::TraceContext;

use super::Console;

/// Writes the access log. Paths are logged as routes, and never with their queries, which say what was searched for.
pub async fn trace(State(console): State<Arc<Console>>, request: Request, next: Next) -> Response {
    let started = Instant::now();
    let route = request.extensions().get::<MatchedPath>().cloned();
    let client = request.extensions().get::<Peer>().map(|peer| console.proxies.client(peer.0.ip(), request.headers()));
    let method = request.method().clone();
    let context = TraceContext::fresh();
    let span = error_span!("console", trace_id = %context, user = Empty, order_id = Empty, account = Empty);
    let work = async move {
        let response = next.run(request).await;
        let elapsed_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        let (client, path) = (client.map(tracing::field::display), route.as_ref().map_or("-", MatchedPath::as_str));
        info!(%method, route = path, status = response.status().as_u16(), client, elapsed_ms, "shown");
        response
    };
    context.scope(work.instrument(span)).await
}

/// A panic becomes an answer that says nothing; the process lives on.
pub async fn catch_panics(request: Request, next: Next) -> Response {
    caught(next.run(request)).await.unwrap_or_else(|| StatusCode::INTERNAL_SERVER_ERROR.into_response())
}
