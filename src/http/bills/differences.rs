//! `GET /wxPay/bills/{date}/differences`: what differs between the bills of a day and the books.

use std::sync::Arc;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::{Extension, Json};
use serde::Serialize;
use utoipa::ToSchema;

use crate::auth::Scope;
use crate::http::App;
use crate::http::edge::Begun;
use crate::http::query::Query;
use crate::http::refusal::Refusal;
use crate::told::ToldDifference;

use super::{account, caller, day_of, narrowed};

/// What differs, by account and kind.
#[derive(Serialize, ToSchema)]
pub struct DifferencesAnswer {
    /// At most some thousands of each account's bill; differences of a bill counts all of them.
    differences: Vec<ToldDifference>,
}

pub async fn differences(
    State(app): State<Arc<App>>,
    Extension(begun): Extension<Begun>,
    date: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
    query: Query,
) -> Result<Json<DifferencesAnswer>, Refusal> {
    let caller = caller(&app, &headers, Scope::Read)?;
    let params = query.of(&["account"])?;
    let day = day_of(date)?;
    let reach = narrowed(caller.reach(), account(&params)?);
    let gateway = Arc::clone(&app.gateway);
    let differences = app.serve(begun, async move { gateway.differences(day, &reach).await }).await??;
    Ok(Json(DifferencesAnswer { differences: differences.iter().map(ToldDifference::from).collect() }))
}
