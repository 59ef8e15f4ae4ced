//! What our books have and WeChat has not, or not so, as a difference.

use crate::deal::{DifferenceKind, DifferenceState, Found};
use crate::store::{BookedDeal, BookedRefund};

/// A deal of ours that is missed.
pub fn of_deal(deal: &BookedDeal) -> Found {
    Found {
        kind: DifferenceKind::PaidHereOnly,
        state: DifferenceState::Open,
        finding: None,
        subject: deal.order_id.to_string(),
        order_id: Some(deal.order_id.to_string()),
        transaction_id: deal.transaction_id.clone(),
        refund_id: None,
        ours_fee: deal.charged.map(|fee| fee.get()),
        theirs_fee: None,
        detail: None,
    }
}

/// A refund of ours that is missed.
pub fn of_refund(refund: &BookedRefund) -> Found {
    Found {
        kind: DifferenceKind::RefundHereOnly,
        state: DifferenceState::Open,
        finding: None,
        subject: refund.refund_id.to_string(),
        order_id: Some(refund.order_id.to_string()),
        transaction_id: refund.transaction_id.clone(),
        refund_id: Some(refund.refund_id.to_string()),
        ours_fee: Some(refund.fee.get()),
        theirs_fee: None,
        detail: None,
    }
}
