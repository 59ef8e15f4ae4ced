//! `POST /logout`, for every role.

use std::sync::Arc;

use axum::Extension;
use axum::extract::{Request, State};
use axum::response::Response;

use crate::console::done::see_other;
use crate::console::form::Fields;
use crate::console::refusal::{Refusal, answer};
use crate::console::{Console, Visitor};
use crate::deal::AuditAction;

use super::cookie;
use super::guard::token_of;

/// Ends the session, here and at every other instance.
pub async fn log_out(State(console): State<Arc<Console>>, Extension(visitor): Extension<Visitor>, request: Request) -> Response {
    let outcome = end(&console, &visitor, request).await;
    answer(&visitor, &console, outcome)
}

async fn end(console: &Console, visitor: &Visitor, request: Request) -> Result<Response, Refusal> {
    let token = token_of(request.headers()).ok_or(Refusal::LoggedOut)?;
    if !Fields::read(request).await?.is_of(visitor) {
        return Err(Refusal::Foreign);
    }
    console.gateway.end_session(&token.hash(), visitor.audit(console, AuditAction::Logout)).await?;
    let mut response = see_other("/login");
    cookie::set(response.headers_mut(), cookie::TOKEN, "", 0);
    Ok(response)
}
