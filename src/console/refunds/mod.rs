//! `/refunds`: all refunds or those of a state, the newest first.

mod view;

use std::sync::Arc;

use axum::Extension;
use axum::extract::{RawQuery, State};
use axum::response::Response;

use crate::deal::{Place, RefundState};
use crate::language::{Text, pair};

use super::{Console, Refusal, Visitor, answer, page};

/// Refunds on one page.
const LIMIT: u32 = 50;
const TITLE: Text = pair("Refunds", "退款");

/// What is looked at.
#[derive(Debug, Default)]
struct Wish {
    state: Option<RefundState>,
    after: Option<Place>,
}

pub async fn refunds(State(console): State<Arc<Console>>, Extension(visitor): Extension<Visitor>, RawQuery(query): RawQuery) -> Response {
    answer(&visitor, &console, list(&console, &visitor, query.as_deref().unwrap_or_default()).await)
}

async fn list(console: &Console, visitor: &Visitor, query: &str) -> Result<Response, Refusal> {
    let wish = wish(query)?;
    let found = console.gateway.list_refunds(wish.state, wish.after.clone(), LIMIT).await?;
    Ok(page(visitor, console, TITLE, view::list(&wish, &found, visitor.language)))
}

fn wish(query: &str) -> Result<Wish, Refusal> {
    let mut wish = Wish::default();
    let wrong = || Refusal::BadForm(pair("There is no such state or page of refunds.", "没有这种退款状态或这一页。"));
    for (name, value) in form_urlencoded::parse(query.as_bytes()).filter(|(_, value)| !value.is_empty()) {
        match &*name {
            "state" => wish.state = Some(RefundState::from_word(&value).ok_or_else(wrong)?),
            "after" => wish.after = Some(value.parse().map_err(|_| wrong())?),
            _ => {}
        }
    }
    Ok(wish)
}
