//! Automatic refunds: a payment that nobody waits for is given back without a caller asking, where the operator has chosen so.

use tracing::{info, warn};

use crate::channel::{ProvenPayment, RefundOrder, Refunding};
use crate::deal::{Deal, RefundId, RefundReason, RefundSource};
use crate::store::{NewRefund, Origin, StoreError};

use super::Gateway;

/// What the payer reads.
const SECOND: &str = "重复付款，自动退回";
const LATE: &str = "订单已过期，自动退款";

impl Gateway {
    /// Has a second payment of a paid deal given back; `false` where that is not chosen, or cannot be. It is stored before this
    /// returns, and the follower sends it.
    pub(super) async fn gives_second_back(&self, payment: &ProvenPayment, origin: Origin) -> Result<bool, StoreError> {
        if !self.terms.refund.automatic.second || payment.is_refunded() {
            return Ok(false);
        }
        // The space is what no caller's key begins with.
        let key = format!(" second {}", payment.transaction_id());
        if self.store.find_refund_by_key(payment.order_id(), &key).await?.is_some() {
            return Ok(true);
        }
        let Some(refund) = self.draft_giving_back(payment, key, SECOND) else { return Ok(false) };
        let event = self.refund_requested(&refund, origin);
        match self.store.add_refund_of_second_payment(refund, event).await {
            Ok(()) => {
                self.metrics.refund_requested(payment.account());
                info!(order_id = %payment.order_id(), total_fee = payment.total_fee().get(), "a second payment is given back");
                Ok(true)
            }
            Err(StoreError::Conflict) => Ok(true),
            Err(error) => Err(error),
        }
    }

    /// The refund of a payment that came after its deal had expired, to be stored together with the payment; `None` where that is
    /// not chosen, or cannot be.
    pub(super) fn draft_of_late(&self, deal: &Deal, payment: &ProvenPayment) -> Option<NewRefund> {
        let is_wanted = self.terms.refund.automatic.late && !payment.is_refunded() && deal.refunded.fee.is_none();
        is_wanted.then(|| self.draft_giving_back(payment, format!(" late {}", payment.transaction_id()), LATE)).flatten()
    }

    fn draft_giving_back(&self, payment: &ProvenPayment, idempotency_key: String, reason: &str) -> Option<NewRefund> {
        let account = self.accounts.get(payment.account()).ok()?;
        if account.refunding() == Refunding::Impossible {
            warn!(order_id = %payment.order_id(), "a payment is not given back, for there is no client certificate");
            return None;
        }
        let (created_at, fee) = (self.clock.now_seconds(), payment.total_fee());
        let refund_id = RefundId::draw(created_at, self.chance.draw());
        let reason = reason.parse::<RefundReason>().ok();
        let order = RefundOrder {
            refund_id: &refund_id,
            order_id: payment.order_id(),
            transaction_id: Some(payment.transaction_id()),
            total_fee: fee,
            fee,
            reason: reason.as_ref(),
        };
        Some(NewRefund {
            request: account.draft_refund(&order, &self.chance),
            refund_id,
            order_id: payment.order_id().clone(),
            account: payment.account().clone(),
            transaction_id: Some(payment.transaction_id().to_owned()),
            fee,
            asked: Some(fee),
            reason,
            source: RefundSource::Automatic,
            idempotency_key,
            created_at,
            // The follower's next pass sends it.
            due_at: created_at + self.skew(),
        })
    }
}
