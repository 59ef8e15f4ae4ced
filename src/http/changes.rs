//! `GET /wxPay/changes?after=…&limit=…&wait=…`: what has happened since the caller's cursor, oldest first; with `wait` the answer comes
//! once there is something (long polling).
//!
//! The cursor is a position in the outbox as text. Callers are told not to look into it.

use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use futures_util::stream;
use serde::Serialize;
use tokio::time::timeout;
use utoipa::ToSchema;

use crate::auth::Scope;
use crate::gateway::{FeedError, FeedPage, GatewayError};
use crate::told::ToldChange;

use super::App;
use super::body::Params;
use super::edge::Begun;
use super::query::Query;
use super::refusal::Refusal;

const LIMITS: RangeInclusive<u64> = 1..=500;
const USUAL_LIMIT: u64 = 100;
/// Seconds.
const WAITS: RangeInclusive<u64> = 0..=30;
/// Proxies wait for ten seconds and longer.
const HEARTBEAT: Duration = Duration::from_secs(5);

/// The events behind a cursor.
#[derive(Serialize, ToSchema)]
pub struct ChangesAnswer {
    /// Oldest first; at most as many as limit says.
    changes: Vec<ToldChange>,
    /// The cursor for the next call. It is behind events too that the key may not see.
    next: String,
    /// Some events behind the cursor were older than events.keep, and are there no more.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pruned: Option<bool>,
}

impl From<FeedPage> for ChangesAnswer {
    fn from(page: FeedPage) -> Self {
        Self {
            changes: page
                .events
                .iter()
                .filter_map(|event| ToldChange::new(&event.event_id, &event.event_type, event.at, &event.data))
                .collect(),
            next: page.next.to_string(),
            pruned: page.is_pruned.then_some(true),
        }
    }
}

/// What is asked for.
struct Wish {
    position: i64,
    limit: usize,
    wait: Duration,
}

impl Wish {
    fn read(params: &Params) -> Result<Self, Refusal> {
        let limit = number(params, "limit", LIMITS)?.unwrap_or(USUAL_LIMIT);
        Ok(Self {
            position: position(params.text_if_sent("after")?.unwrap_or_default())?,
            limit: usize::try_from(limit).unwrap_or(usize::MAX),
            wait: Duration::from_secs(number(params, "wait", WAITS)?.unwrap_or_default()),
        })
    }
}

/// An empty cursor is the beginning.
fn position(cursor: &str) -> Result<i64, Refusal> {
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit()) && (text.len() == 1 || !text.starts_with('0'));
    match cursor.parse() {
        Ok(position) if digits(cursor) => Ok(position),
        _ if cursor.is_empty() => Ok(0),
        _ => Err(Refusal::invalid_field("after", "is no cursor: it is the next of an earlier answer, or empty for the beginning")),
    }
}

fn number(params: &Params, field: &'static str, range: RangeInclusive<u64>) -> Result<Option<u64>, Refusal> {
    let Some(text) = params.text_if_sent(field)? else { return Ok(None) };
    let number = text.parse().ok().filter(|number| range.contains(number) && text.bytes().all(|byte| byte.is_ascii_digit()));
    let expected = || format!("a whole number from {} to {} is expected", range.start(), range.end());
    number.map(Some).ok_or_else(|| Refusal::invalid_field(field, expected()))
}

pub async fn changes(
    State(app): State<Arc<App>>,
    Extension(begun): Extension<Begun>,
    headers: HeaderMap,
    query: Query,
) -> Result<Response, Refusal> {
    let caller = app.back_end(&headers, Scope::Read)?;
    let Wish { position, limit, wait } = Wish::read(&query.of(&["after", "limit", "wait"])?)?;
    let gateway = Arc::clone(&app.gateway);
    if wait.is_zero() {
        let page = app.serve(begun, async move { gateway.changes(position, limit, caller.reach()).await }).await??;
        return Ok(Json(ChangesAnswer::from(page)).into_response());
    }
    let place = app.shares.reader().ok_or_else(Refusal::unavailable)?;
    let page = gateway.changes_within(position, limit, caller.reach(), Duration::ZERO).await?;
    if page != FeedPage::behind(position) {
        return Ok(Json(ChangesAnswer::from(page)).into_response());
    }
    let stopping = app.stopping.clone();
    Ok(with_heartbeats(async move {
        let _place = place;
        let page = tokio::select! {
            page = gateway.changes_within(position, limit, caller.reach(), wait) => page,
            // A stopping service does not wait; the caller comes again, here or elsewhere.
            () = stopping.cancelled() => Ok(FeedPage::behind(position)),
        };
        // It is too late to refuse: the caller comes again, and hears then what is wrong.
        ChangesAnswer::from(page.unwrap_or_else(|_| FeedPage::behind(position)))
    }))
}

/// An answer that is long in coming, behind line feeds, which mean nothing before a JSON text: they keep proxies from giving it up, and
/// show us which callers have gone: at the second one to a closed connection the waiting ends.
fn with_heartbeats(answer: impl Future<Output = ChangesAnswer> + Send + 'static) -> Response {
    let text = stream::unfold(Some(Box::pin(answer)), |waiting| async {
        let mut answer = waiting?;
        match timeout(HEARTBEAT, &mut answer).await {
            Ok(answer) => Some((serde_json::to_vec(&answer), None)),
            Err(_) => Some((Ok(b"\n".to_vec()), Some(answer))),
        }
    });
    ([(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-store")], Body::from_stream(text)).into_response()
}

impl From<FeedError> for Refusal {
    fn from(error: FeedError) -> Self {
        match error {
            FeedError::Beyond => Self::invalid_field("after", error.to_string()),
            FeedError::Store(error) => GatewayError::Store(error).into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_what_was_told_as_next_or_nothing() {
        for (cursor, expected) in [("", 0), ("0", 0), ("7", 7), ("9223372036854775807", i64::MAX)] {
            assert_eq!(position(cursor).ok(), Some(expected), "{cursor:?}");
        }
        for cursor in ["-1", "+7", "07", " 7", "7 ", "9223372036854775808", "x", "1e3", "٧"] {
            assert!(position(cursor).is_err(), "{cursor:?}");
        }
    }
}
