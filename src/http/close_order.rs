//! `POST /wxPay/doCloseOrder`: closes an order, or a checkout, that is not paid.

use std::sync::Arc;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::{Extension, Json};
use serde::Serialize;
use utoipa::ToSchema;

use crate::gateway::Closed;

use super::App;
use super::caller::reach_of;
use super::details::ToldDetails;
use super::edge::Begun;
use super::number::{Number, NumberParam};
use super::refusal::Refusal;

/// The order is closed.
#[derive(Serialize, ToSchema)]
pub struct CloseOrderAnswer {
    #[schema(maximum = 0)]
    code: u8,
    msg: &'static str,
    #[serde(flatten)]
    #[schema(ignore)]
    details: ToldDetails,
}

pub async fn close_order(
    State(app): State<Arc<App>>,
    Extension(begun): Extension<Begun>,
    headers: HeaderMap,
    NumberParam(number): NumberParam,
) -> Result<Json<CloseOrderAnswer>, Refusal> {
    let (gateway, reach) = (app.gateway.clone(), reach_of(app.caller(&headers)));
    let closed = async move {
        match number {
            Number::Order(order_id) => gateway.close_order(order_id, &reach).await,
            Number::Checkout(checkout_id) => gateway.close_checkout(&checkout_id, &reach).await,
        }
    };
    let refusal = match app.serve(begun, closed).await? {
        Ok(Closed::Closed(details)) => {
            return Ok(Json(CloseOrderAnswer { code: 0, msg: "关单成功", details: ToldDetails::from(&details) }));
        }
        Ok(Closed::Paid(order_id)) => Refusal::order_paid(&order_id),
        Err(error) => Refusal::from(error),
    };
    // The original's sentence for every refusal of the business.
    Err(if refusal.is_business() { refusal.saying("关单失败") } else { refusal })
}
