//! Asking WeChat about refunds that differ.

use crate::deal::{Deal, DifferenceKind, DifferenceState, Finding, Found, Refund, RefundId, RefundState};
use crate::store::Origin;

use super::super::follow::Calls;
use super::super::{Gateway, GatewayError};
use super::ask::Verdict;
use super::found::CLOSED;

impl Gateway {
    pub(super) async fn ask_about_refund(&self, deal: &Deal, found: &Found) -> Result<Verdict, GatewayError> {
        let Some(refund_id) = found.refund_id.as_ref().filter(|id| **id != found.subject || found.kind == DifferenceKind::RefundHereOnly)
        else {
            return self.ask_for_refunds(deal, found).await;
        };
        let Ok(refund_id) = refund_id.parse::<RefundId>() else { return self.ask_for_refunds(deal, found).await };
        match self.inquire_refund(&deal.route(), &refund_id, Origin::Bill, &Calls::default()).await? {
            None => Ok((DifferenceState::Open, Finding::NotKnown)),
            Some(Err(error)) if error.may_pass() => Err(error.into_gateway(&deal.order_id)),
            Some(Err(_)) => Ok((DifferenceState::Open, Finding::Mismatch)),
            Some(Ok(_)) => Ok(self
                .store
                .find_refund(&refund_id)
                .await?
                .map_or((DifferenceState::Open, Finding::NotKnown), |refund| verdict(found, &refund))),
        }
    }

    /// Of one that has no number of a merchant's, all of its order's are asked for.
    async fn ask_for_refunds(&self, deal: &Deal, found: &Found) -> Result<Verdict, GatewayError> {
        self.inquire_refunds(&deal.route(), Origin::Bill, &Calls::default()).await?;
        let refunds = self.store.find_refunds(&deal.order_id).await?;
        let refund = refunds.iter().find(|refund| refund.wechat_refund_id.as_ref() == Some(&found.subject));
        Ok(refund.map_or((DifferenceState::Open, Finding::NotKnown), |refund| verdict(found, refund)))
    }
}

/// How a refund that differed stands after WeChat's word about it is stored.
fn verdict(found: &Found, refund: &Refund) -> Verdict {
    let says_closed = found.detail.as_deref() == Some(CLOSED);
    match found.kind {
        DifferenceKind::RefundThereOnly if refund.wechat_refund_id.as_ref() == Some(&found.subject) => {
            let is_amount = found.theirs_fee == Some(refund.fee.get());
            if is_amount { (DifferenceState::Healed, Finding::Settled) } else { (DifferenceState::Open, Finding::Confirmed) }
        }
        DifferenceKind::RefundHereOnly if says_closed && refund.state == RefundState::Closed => {
            (DifferenceState::Healed, Finding::ClosedLater)
        }
        DifferenceKind::RefundHereOnly if !says_closed => (DifferenceState::Explained, Finding::Confirmed),
        _ => (DifferenceState::Open, Finding::Confirmed),
    }
}
