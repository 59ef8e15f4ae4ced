//! A handler that panics is answered for, and the process lives on.

use std::panic::AssertUnwindSafe;

use axum::response::Response;
use futures_util::FutureExt;
use tracing::error;

/// What it answers; `None`: it panicked. Of that the log tells, and no answer.
pub async fn caught(answering: impl Future<Output = Response>) -> Option<Response> {
    let answered = AssertUnwindSafe(answering).catch_unwind().await;
    answered.inspect_err(|_| error!("a handler panicked")).ok()
}
