//! A refund, as it is told.

use serde::Serialize;
use utoipa::ToSchema;

use crate::deal::{BeijingTime, Refund, RefundState};

/// A refund, as each answer and event tells it.
#[derive(Debug, Serialize, ToSchema)]
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
