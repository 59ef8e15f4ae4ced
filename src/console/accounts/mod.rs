//! `GET /accounts`: the accounts of the configuration, as WeChat knows them. The database is not asked.

mod view;

use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use axum::response::Response;

use crate::language::pair;

use super::{Console, Visitor, page};

/// A page of them; `after` names the last one of the page before.
pub async fn show(State(console): State<Arc<Console>>, Extension(visitor): Extension<Visitor>) -> Response {
    let gateway = &console.gateway;
    let after = form_urlencoded::parse(visitor.query.as_bytes()).find(|(name, _)| name == "after").map(|(_, value)| value);
    let last = gateway.last_count();
    let missing_bills = last.board.as_ref().map_or(&[][..], |board| &board.missing_bills);
    let facts = view::Facts { now: gateway.now(), missing: &gateway.missing_accounts(), missing_bills };
    let content = view::accounts(&facts, &gateway.account_standings(), after.as_deref().unwrap_or_default(), visitor.language);
    page(&visitor, &console, pair("Accounts", "账户"), content)
}
