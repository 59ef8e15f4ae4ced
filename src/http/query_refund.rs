//! `POST /wxPay/queryRefund`: how a refund stands, or all of an order.

use std::sync::Arc;

use axum::extract::{FromRequest, Request, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use serde::Serialize;
use utoipa::ToSchema;

use crate::auth::Scope;
use crate::deal::{BeijingTime, Fen, InvalidRefundId, OrderId, RefundId};
use crate::told::ToldRefund;

use super::App;
use super::body::Params;
use super::edge::Begun;
use super::order_id;
use super::refund::RefundAnswer;
use super::refusal::Refusal;

/// The refunds of an order.
#[derive(Serialize, ToSchema)]
pub struct RefundsAnswer {
    #[schema(maximum = 0)]
    code: u8,
    msg: &'static str,
    order_id: String,
    /// What was paid, in yuan; nothing where it is not paid.
    paid: String,
    /// What has been given back of it, or is on its way, in yuan.
    refunded: String,
    /// What can still be given back, in yuan.
    left: String,
    /// Oldest first.
    refunds: Vec<ToldRefund>,
    #[schema(format = DateTime)]
    server_time: String,
}

/// Which refunds: by `refund_id`, or else those of an `order_id`.
pub enum WhichRefunds {
    Refund(RefundId),
    OfOrder(OrderId),
}

impl<S: Send + Sync> FromRequest<S> for WhichRefunds {
    type Rejection = Refusal;

    async fn from_request(request: Request, state: &S) -> Result<Self, Refusal> {
        let params = Params::from_request(request, state).await?;
        params.only(&["refund_id", "order_id"])?;
        let Some(refund_id) = params.text_if_sent("refund_id")? else { return order_id::read(&params).map(Self::OfOrder) };
        let refund_id = refund_id.parse().map_err(|error: InvalidRefundId| Refusal::invalid_field("refund_id", error.to_string()))?;
        Ok(Self::Refund(refund_id))
    }
}

pub async fn query_refund(
    State(app): State<Arc<App>>,
    Extension(begun): Extension<Begun>,
    headers: HeaderMap,
    which: WhichRefunds,
) -> Result<Response, Refusal> {
    let caller = app.back_end_with(&headers, &[Scope::Refund, Scope::Read])?;
    let gateway = app.gateway.clone();
    match which {
        WhichRefunds::Refund(refund_id) => {
            let asked = app.serve(begun, async move { gateway.query_refund(&refund_id, caller.reach()).await });
            Ok(Json(RefundAnswer::new(&asked.await??, app.gateway.now())).into_response())
        }
        WhichRefunds::OfOrder(order_id) => {
            let asked = app.serve(begun, async move { gateway.query_refunds(&order_id, caller.reach()).await });
            let (deal, refunds) = asked.await??;
            let answer = RefundsAnswer {
                code: 0,
                msg: "",
                paid: Fen::yuan_or_nothing(deal.paid()),
                refunded: Fen::yuan_or_nothing(deal.refunded.fee),
                left: Fen::yuan_or_nothing(deal.left()),
                order_id: deal.order_id.to_string(),
                refunds: refunds.iter().map(ToldRefund::from).collect(),
                server_time: BeijingTime::from(app.gateway.now()).to_string(),
            };
            Ok(Json(answer).into_response())
        }
    }
}
