//! `POST /wxPay/refund`: gives a payment or a part of it back.

mod wish;

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use serde::Serialize;
use utoipa::ToSchema;

use crate::deal::{BeijingTime, Fen, RefundState, Timestamp};
use crate::gateway::RefundView;
use crate::told::ToldRefund;

use super::App;
use super::edge::Begun;
use super::refusal::Refusal;

use wish::Wish;

/// How a refund stands.
#[derive(Serialize, ToSchema)]
pub struct RefundAnswer {
    #[schema(maximum = 0)]
    code: u8,
    msg: &'static str,
    #[serde(flatten)]
    #[schema(ignore)]
    refund: ToldRefund,
    /// What has been given back of the payment, or is on its way, in yuan.
    refunded: String,
    /// What can still be given back, in yuan.
    left: String,
    #[schema(format = DateTime)]
    server_time: String,
}

impl RefundAnswer {
    pub fn new(view: &RefundView, now: Timestamp) -> Self {
        Self {
            code: 0,
            msg: "",
            refund: ToldRefund::from(&view.refund),
            refunded: Fen::yuan_or_nothing(view.refunded),
            left: Fen::yuan_or_nothing(view.left),
            server_time: BeijingTime::from(now).to_string(),
        }
    }
}

pub async fn refund(State(app): State<Arc<App>>, Extension(begun): Extension<Begun>, Wish(wish): Wish) -> Result<Response, Refusal> {
    let gateway = app.gateway.clone();
    let view = app.serve(begun, async move { gateway.refund(wish).await }).await??;
    if view.refund.state == RefundState::Failed {
        return Err(Refusal::refund_refused(&view.refund));
    }
    Ok(Json(RefundAnswer::new(&view, app.gateway.now())).into_response())
}
