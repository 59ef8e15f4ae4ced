//! `/deals`: the deals that an operator looks for, in pages; `/deals.csv`, all of them.

mod csv;
mod view;
mod wish;
mod words;

use std::sync::Arc;

use axum::Extension;
use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::response::Response;

use crate::deal::Sought;
use crate::gateway::Found;

use super::{Console, Refusal, Visitor, page, parts, see_other};

use wish::Wish;

pub use csv::{Exports, csv};
pub use words::status;

/// Deals on one page, which is to stay below 100 KiB.
const LIMIT: u32 = 50;

pub async fn deals(State(console): State<Arc<Console>>, Extension(visitor): Extension<Visitor>, RawQuery(query): RawQuery) -> Response {
    let wish = Wish::of(query.as_deref().unwrap_or_default());
    if wish.wrong.is_some() {
        let mut response = page(&visitor, &console, words::TITLE, view::misread(&wish, &visitor));
        *response.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
        return response;
    }
    match console.gateway.search(&wish.typed, wish.reading.as_deref(), &wish.listing, wish.after.clone(), LIMIT).await {
        Ok(found) => match only_one(&wish, &found) {
            Some(order) => see_other(&parts::order_path(&order)),
            None => page(&visitor, &console, words::TITLE, view::list(&wish, &found, &visitor)),
        },
        Err(error) => Refusal::from(error).page(&visitor, &console),
    }
}

/// Whoever types a whole number wants what it is the number of.
fn only_one(wish: &Wish, found: &Found) -> Option<String> {
    let [deal] = &found.page.deals[..] else { return None };
    let is_whole = match &found.reading {
        Some(Sought::Order(number)) => *number == deal.order_id,
        Some(Sought::Transaction(_)) => true,
        _ => false,
    };
    (is_whole && found.page.next.is_none() && wish.after.is_none()).then(|| deal.order_id.to_string())
}
