//! `POST /wxPay/queryCheckout`: the state of a checkout, with the number of the order that paid it.

use std::sync::Arc;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::{Extension, Json};
use serde::Serialize;
use utoipa::ToSchema;

use crate::deal::Timestamp;
use crate::gateway::CheckoutView;

use super::App;
use super::caller::reach_of;
use super::edge::Begun;
use super::number::CheckoutIdParam;
use super::query_order::QueryOrderAnswer;
use super::refusal::Refusal;

/// How a checkout stands.
#[derive(Serialize, ToSchema)]
pub struct QueryCheckoutAnswer {
    #[serde(flatten)]
    #[schema(ignore)]
    view: QueryOrderAnswer,
    checkout_id: String,
    /// The order that paid it, once it is paid.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    order_id: Option<String>,
}

impl QueryCheckoutAnswer {
    pub fn new(view: CheckoutView, now: Timestamp) -> Self {
        Self {
            view: QueryOrderAnswer::new(view.view, now),
            checkout_id: view.checkout.checkout_id.to_string(),
            order_id: view.order_id.map(|order_id| order_id.to_string()),
        }
    }
}

pub async fn query_checkout(
    State(app): State<Arc<App>>,
    Extension(begun): Extension<Begun>,
    headers: HeaderMap,
    CheckoutIdParam(checkout_id): CheckoutIdParam,
) -> Result<Json<QueryCheckoutAnswer>, Refusal> {
    let (gateway, reach) = (app.gateway.clone(), reach_of(app.caller(&headers)));
    let view = app.serve(begun, async move { gateway.query_checkout(&checkout_id, &reach).await }).await??;
    Ok(Json(QueryCheckoutAnswer::new(view, app.gateway.now())))
}
