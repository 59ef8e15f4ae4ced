//! `/webhooks`: how the merchant's endpoints stand, and what goes to each; `/webhooks/{name}/resume`, `/deliveries/{event_id}/resend`.

mod resend;
mod resume;
mod view;
mod wish;
mod words;

use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use axum::response::Response;

use super::{Console, Refusal, Visitor, answer, page};
use wish::Wish;

pub use resend::resend;
pub use resume::resume;

/// Deliveries on one page, which is to stay below 100 KiB.
const LIMIT: usize = 50;

pub async fn webhooks(State(console): State<Arc<Console>>, Extension(visitor): Extension<Visitor>) -> Response {
    answer(&visitor, &console, show(&console, &visitor).await)
}

async fn show(console: &Console, visitor: &Visitor) -> Result<Response, Refusal> {
    let endpoints = console.gateway.standing_endpoints().await?;
    let mut wish = Wish::of(&visitor.query);
    // Without a name, the first is looked at.
    let chosen = match &wish.endpoint {
        Some(name) => Some(endpoints.iter().find(|endpoint| endpoint.name.as_str() == name).ok_or(Refusal::NotFound)?),
        None => endpoints.first(),
    };
    let Some(chosen) = chosen else { return Ok(page(visitor, console, words::TITLE, view::none(visitor.language))) };
    wish.endpoint = Some(chosen.name.to_string());
    // One more says whether there are more.
    let limit = u32::try_from(LIMIT + 1).unwrap_or(u32::MAX);
    let mut deliveries = console.gateway.deliveries_to(&chosen.name, wish.list, limit).await?;
    let has_more = deliveries.len() > LIMIT;
    deliveries.truncate(LIMIT);
    let content = [view::endpoints(&endpoints, visitor), view::deliveries(&wish, &deliveries, has_more, visitor)].concat();
    Ok(page(visitor, console, words::TITLE, content))
}
