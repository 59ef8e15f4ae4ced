//! A CSV that is sent while it is made.

use std::error::Error;
use std::io;

use axum::body::{Body, Bytes};
use axum::http::{HeaderName, header};
use axum::response::{IntoResponse, Response};
use futures_util::stream::once;
use futures_util::{Stream, StreamExt, TryStreamExt};

const HEADERS: [(HeaderName, &str); 5] = [
    (header::CONTENT_TYPE, "text/csv; charset=utf-8; header=present"),
    (header::CONTENT_DISPOSITION, "attachment; filename=\"deals.csv\""),
    (header::CACHE_CONTROL, "no-store"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    // nginx would keep it in its buffer.
    (HeaderName::from_static("x-accel-buffering"), "no"),
];

/// The beginning, and then the rest as it comes. What cannot be made to its end is cut off in the middle of the transfer, which a client
/// sees: it never looks whole.
pub fn csv<E: Error + Send + Sync + 'static>(beginning: String, rest: impl Stream<Item = Result<String, E>> + Send + 'static) -> Response {
    let rest = rest.map_err(io::Error::other).map_ok(Bytes::from);
    let whole = once(async { Ok(Bytes::from(beginning)) }).chain(rest);
    (HEADERS, Body::from_stream(whole)).into_response()
}
