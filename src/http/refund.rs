//! `POST /wxPay/refund`: gives a payment or a part of it back.

mod wish;

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use serde::Serialize;
use utoipa::ToSchema;

use crate::deal::{BeijingTime, Fen, Refund, RefundState, Timestamp};
use crate::gateway::RefundView;

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

/// A refund, as each answer about it tells it.
#[derive(Serialize, ToSchema)]
pub struct ToldRefund {
    /// Our number for it, which WeChat knows as `out_refund_no`.
    refund_id: String,
    order_id: String,
    /// How much goes back, in yuan.
    refund: String,
    refund_state: &'static str,
    /// The same in Chinese, for people.
    refund_state_desc: &'static str,
    /// What the payer reads.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    reason: Option<String>,
    /// Who asked for it.
    source: &'static str,
    /// When the payer had it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = DateTime)]
    refunded_at: Option<String>,
    /// Where the money went, as WeChat names it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    refund_recv: Option<String>,
    /// Why it waits, or was refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    detail: Option<String>,
}

impl From<&Refund> for ToldRefund {
    fn from(refund: &Refund) -> Self {
        // WeChat names a place for a refund that is still under way, too, or that came back.
        let has_arrived = refund.state == RefundState::Success;
        Self {
            refund_id: refund.refund_id.to_string(),
            order_id: refund.order_id.to_string(),
            refund: refund.fee.yuan(),
            refund_state: refund.state.as_str(),
            refund_state_desc: refund.state.description(),
            reason: refund.reason.as_ref().map(ToString::to_string),
            source: refund.source.as_str(),
            refunded_at: refund.refunded_at.filter(|_| has_arrived).map(|time| BeijingTime::from(time).to_string()),
            refund_recv: refund.receiver.clone().filter(|_| has_arrived),
            detail: refund.detail.clone(),
        }
    }
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
