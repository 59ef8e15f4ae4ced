//! How refunds stand, for the merchant's back end. About an undecided one WeChat is asked, within what the account's budget for
//! queries has to spare; otherwise the stored state is the answer.

use futures_util::future::join_all;

use crate::deal::{Deal, OrderId, Reach, Refund, RefundId, RefundState};
use crate::store::Origin;

use super::follow::Calls;
use super::refund::RefundView;
use super::{Gateway, GatewayError};

impl Gateway {
    /// How a refund stands now, for a caller with this reach.
    ///
    /// # Errors
    /// [`GatewayError::RefundNotFound`], and when the store cannot tell.
    pub async fn query_refund(&self, refund_id: &RefundId, reach: &Reach) -> Result<RefundView, GatewayError> {
        let (refund, _) = self.refund_within(refund_id, reach).await?;
        Self::is_about(&refund.order_id, &refund.account);
        self.ask_about(&refund).await;
        let (refund, deal) = self.refund_within(refund_id, reach).await?;
        Ok(RefundView::new(refund, &deal))
    }

    /// A deal and its refunds, oldest first, likewise.
    ///
    /// # Errors
    /// [`GatewayError::NotFound`], and when the store cannot tell.
    pub async fn query_refunds(&self, order_id: &OrderId, reach: &Reach) -> Result<(Deal, Vec<Refund>), GatewayError> {
        let deal = self.load_within(order_id, reach).await?;
        Self::is_about(&deal.order_id, &deal.account);
        let refunds = self.store.find_refunds(order_id).await?;
        join_all(refunds.iter().map(|refund| self.ask_about(refund))).await;
        Ok((self.load(order_id).await?, self.store.find_refunds(order_id).await?))
    }

    async fn refund_within(&self, refund_id: &RefundId, reach: &Reach) -> Result<(Refund, Deal), GatewayError> {
        let refund = self.store.find_refund(refund_id).await?.ok_or(GatewayError::RefundNotFound)?;
        match self.load_within(&refund.order_id, reach).await {
            Ok(deal) => Ok((refund, deal)),
            Err(GatewayError::NotFound) => Err(GatewayError::RefundNotFound),
            Err(error) => Err(error),
        }
    }

    /// One that was sent may have been accepted, though the reply was lost; to send it again is the follower's.
    async fn ask_about(&self, refund: &Refund) {
        let may_be_known = refund.is_accepted() || refund.sent_at.is_some();
        if refund.state != RefundState::Processing || !may_be_known || !self.live.spare_call(&refund.account, &self.clock) {
            return;
        }
        if let Err(error) = self.inquire_refund(&refund.route(), &refund.refund_id, Origin::FrontEnd, &Calls::default()).await {
            tracing::debug!(refund_id = %refund.refund_id, %error, "WeChat could not be asked about a refund");
        }
    }
}
