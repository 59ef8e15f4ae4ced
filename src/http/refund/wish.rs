//! refund's request: who may ask, and each parameter by its own rule.

use std::sync::Arc;

use axum::extract::{FromRequest, Request};

use crate::auth::Scope;
use crate::deal::{Fen, InvalidRefundReason, RefundSource};
use crate::gateway::RefundWish;
use crate::http::App;
use crate::http::body::Params;
use crate::http::order_id;
use crate::http::refusal::Refusal;
use crate::http::to_pay::idempotency_key;

/// A valid request of a caller that may make it.
pub struct Wish(pub RefundWish);

impl FromRequest<Arc<App>> for Wish {
    type Rejection = Refusal;

    async fn from_request(request: Request, app: &Arc<App>) -> Result<Self, Refusal> {
        let headers = request.headers().clone();
        let params = Params::from_request(request, app).await?;
        // An amount under another name would be left out, and all of the payment would go back.
        params.only(&["order_id", "refund", "reason"])?;
        let order_id = order_id::read(&params)?;
        let fee = params.number_or_text_if_sent("refund")?.map(Fen::from_yuan).transpose();
        let fee = fee.map_err(|error| Refusal::invalid_field("refund", error.to_string()))?;
        let reason = params.text_if_sent("reason")?.map(str::parse).transpose();
        let reason = reason.map_err(|error: InvalidRefundReason| Refusal::invalid_field("reason", error.to_string()))?;
        let key = idempotency_key(&headers)?;
        let idempotency_key = key.ok_or_else(|| Refusal::invalid_field("Idempotency-Key", "is required: a repeat is the same refund"))?;
        let caller = app.back_end(&headers, Scope::Refund)?;
        Ok(Self(RefundWish {
            order_id,
            fee,
            reason,
            idempotency_key,
            source: RefundSource::Api,
            reach: caller.reach().clone(),
            seen: None,
            by: None,
        }))
    }
}
