//! `GET /wxPay/deals`: a list of deals, the newest first, in pages or as one CSV.

mod export;
pub mod whole;
mod wish;

use std::sync::Arc;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use serde::Serialize;
use utoipa::ToSchema;

use crate::auth::Scope;
use crate::told::ToldDeal;

use super::App;
use super::edge::Begun;
use super::refusal::Refusal;

use wish::{Form, ListWish};

/// Some deals, the newest first.
#[derive(Serialize, ToSchema)]
pub struct DealsAnswer {
    /// One page looks through two thousand rows at most, so there may be fewer than limit, or none, although next is there.
    deals: Vec<ToldDeal>,
    /// The after of the next page; null: there is none.
    next: Option<String>,
}

pub async fn deals(
    State(app): State<Arc<App>>,
    Extension(begun): Extension<Begun>,
    headers: HeaderMap,
    wish: ListWish,
) -> Result<Response, Refusal> {
    let caller = app.back_end(&headers, Scope::Read)?;
    let (listing, form) = wish.within(caller.reach().clone())?;
    let listing = Arc::new(listing);
    match form {
        Form::Csv => export::export(&app, &caller, listing).await,
        Form::Page { after, limit } => {
            let gateway = Arc::clone(&app.gateway);
            let page = app.serve(begun, async move { gateway.list_deals(&listing, after, limit).await }).await??;
            let next = page.next.as_ref().map(ToString::to_string);
            Ok(Json(DealsAnswer { deals: page.deals.iter().map(ToldDeal::from).collect(), next }).into_response())
        }
    }
}
