//! `POST /wxPay/queryOrder`: the state of an order.

use std::borrow::Cow;
use std::sync::Arc;

use axum::extract::State;
use axum::{Extension, Json};
use serde::Serialize;
use utoipa::ToSchema;

use crate::deal::{BeijingTime, Timestamp};
use crate::gateway::OrderView;

use super::App;
use super::edge::Begun;
use super::order_id::OrderIdParam;
use super::refusal::Refusal;

/// How an order stands.
#[derive(Serialize, ToSchema)]
pub struct QueryOrderAnswer {
    /// WeChat's word.
    trade_state: &'static str,
    /// WeChat's description of it, in Chinese.
    trade_state_desc: Cow<'static, str>,
    #[schema(maximum = 0)]
    code: u8,
    msg: &'static str,
    #[schema(format = DateTime)]
    server_time: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = DateTime)]
    expires_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = DateTime)]
    paid_at: Option<String>,
    /// Of when the answer is, if not of now.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = DateTime)]
    as_of: Option<String>,
}

impl QueryOrderAnswer {
    pub fn new(view: OrderView, now: Timestamp) -> Self {
        let show = |time: Timestamp| BeijingTime::from(time).to_string();
        Self {
            trade_state: view.state.as_str(),
            trade_state_desc: view.description,
            code: 0,
            msg: "",
            server_time: show(now),
            expires_at: view.expires_at.map(show),
            paid_at: view.paid_at.map(show),
            as_of: view.as_of.map(show),
        }
    }
}

pub async fn query_order(
    State(app): State<Arc<App>>,
    Extension(begun): Extension<Begun>,
    OrderIdParam(order_id): OrderIdParam,
) -> Result<Json<QueryOrderAnswer>, Refusal> {
    let view = match app.gateway.known_paid(&order_id) {
        Some(view) => view,
        None => {
            let gateway = app.gateway.clone();
            app.serve(begun, async move { gateway.query_order(order_id).await }).await??
        }
    };
    Ok(Json(QueryOrderAnswer::new(view, app.gateway.now())))
}
