//! `GET /`: how the till stands today. The page never waits for long: it shows what was counted last, and since when.

mod chart;
mod figures;
mod health;
mod table;
mod view;
mod words;

use std::sync::Arc;
use std::time::Duration;

use axum::Extension;
use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::Response;
use tokio::time::timeout;

use crate::language::pair;

use super::{Console, Visitor, page};
use health::Facts;

/// So long a new count is waited for; the next look shows it.
const PATIENCE: Duration = Duration::from_millis(60);
/// A page that has nothing to show yet comes again after so many seconds.
const AGAIN: HeaderValue = HeaderValue::from_static("3");

/// The page.
pub async fn show(State(console): State<Arc<Console>>, Extension(visitor): Extension<Visitor>) -> Response {
    let gateway = &console.gateway;
    let counting = Arc::clone(gateway);
    // The count goes on when this page is answered.
    let counting = console.work.spawn(async move { counting.count_board().await });
    let _ = timeout(PATIENCE, counting).await;
    let last = gateway.last_count();
    let standings = gateway.account_standings();
    let endpoints = gateway.endpoints().iter().map(|endpoint| &endpoint.name);
    let facts = Facts {
        now: gateway.now(),
        board: last.board.as_deref(),
        not_ready: last.not_ready.as_deref(),
        has_failed: last.has_failed,
        accounts: standings.iter().map(|standing| (standing.id, standing.certificate)).collect(),
        missing: &gateway.missing_accounts(),
        left_alone: endpoints.filter(|name| gateway.is_circuit_open(name)).collect(),
    };
    let mut page = page(&visitor, &console, pair("Today", "今天"), view::today(&facts, visitor.language));
    if last.board.is_none() && !last.has_failed {
        page.headers_mut().insert(header::REFRESH, AGAIN);
    }
    page
}
