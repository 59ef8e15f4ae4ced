//! `/bills`: how the books stand to WeChat's bills; `/bills/{account}/{day}`: what differs from one of them.

mod explain;
mod one;
mod view;
mod wish;
mod words;

use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use axum::response::Response;

use super::{Console, Refusal, Visitor, answer, page};
use wish::Wish;

pub use explain::explain;
pub use one::bill;

pub async fn bills(State(console): State<Arc<Console>>, Extension(visitor): Extension<Visitor>) -> Response {
    answer(&visitor, &console, show(&console, &visitor).await)
}

async fn show(console: &Console, visitor: &Visitor) -> Result<Response, Refusal> {
    let wish = Wish::of(&visitor.query, console.gateway.now())?;
    let bills = console.gateway.bills_listed(wish.bills()).await?;
    Ok(page(visitor, console, words::TITLE, view::list(&wish, &bills, visitor.language)))
}
