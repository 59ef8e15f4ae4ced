//! Where there is nothing.

use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;

use super::{Console, Refusal, Visitor};

/// There is no such page.
pub async fn no_page(State(console): State<Arc<Console>>, Extension(visitor): Extension<Visitor>) -> Response {
    Refusal::NotFound.page(&visitor, &console)
}

/// The page is not for this method.
pub async fn no_method(State(console): State<Arc<Console>>, Extension(visitor): Extension<Visitor>) -> Response {
    let mut page = Refusal::NotFound.page(&visitor, &console);
    *page.status_mut() = StatusCode::METHOD_NOT_ALLOWED;
    page
}
