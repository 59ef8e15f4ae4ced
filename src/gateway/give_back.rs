//! Automatic refunds: a payment that no merchant waits for is given back without a caller asking, where the operator has chosen so.
//!
//! The alarm that such a payment raises otherwise is resolved by the stored refund; it is raised after all when that does not arrive.

use tracing::{info, warn};

use crate::channel::{ProvenPayment, RefundOrder, Refunding};
use crate::deal::{AlarmKind, Announcement, Deal, DealStatus, Refund, RefundId, RefundReason, RefundSource, RefundState};
use crate::store::{Event, NewRefund, Origin, StoreError};

use super::settle_refund::ended;
use super::{Gateway, SettleError};

/// What the payer reads.
const SECOND: &str = "重复付款，自动退回";
const LATE: &str = "订单已过期，自动退款";

impl Gateway {
    /// What a second payment of a paid deal is: one that goes back, where that is chosen and can be, and its refund is stored.
    pub(super) async fn second_transaction(&self, payment: &ProvenPayment, origin: Origin) -> SettleError {
        match self.give_second_back(payment, origin).await {
            Ok(true) => SettleError::SecondGoesBack,
            Ok(false) => SettleError::SecondTransaction,
            Err(error) => SettleError::Store(error),
        }
    }

    /// Stores the refund of a second payment, once; the follower sends it. `false`: that is not chosen, or cannot be.
    async fn give_second_back(&self, payment: &ProvenPayment, origin: Origin) -> Result<bool, StoreError> {
        if !(self.terms.refund.automatic.second || self.is_attempt(payment).await?) {
            return Ok(false);
        }
        // The space is what no caller's key begins with.
        let key = format!(" second {}", payment.transaction_id());
        if self.store.find_refund_by_key(payment.order_id(), &key).await?.is_some() {
            return Ok(true);
        }
        // Others have given it back, or a part of it.
        if payment.is_refunded() {
            return Ok(false);
        }
        let Some(refund) = self.draft_giving_back(payment, key, SECOND) else { return Ok(false) };
        let event = Event { evidence: Some(payment.evidence().clone()), ..self.refund_requested(&refund, origin) };
        match self.store.add_refund_of_second_payment(refund, event).await {
            Ok(true) => {
                self.metrics.refund_requested(payment.account());
                info!(order_id = %payment.order_id(), total_fee = payment.total_fee().get(), "a second payment is given back");
                Ok(true)
            }
            // Another instance was faster.
            Err(StoreError::Conflict) => Ok(true),
            other => other,
        }
    }

    /// The refund of a payment of an expired deal, to be stored together with the payment; `None` where that is not chosen, or
    /// cannot be. A deal of which WeChat has signed a payment was never late, whatever another program has made of its status.
    pub(super) fn draft_of_late(&self, deal: &Deal, payment: &ProvenPayment) -> Option<NewRefund> {
        let is_wanted = self.terms.refund.automatic.late && deal.status == DealStatus::Expired && !payment.is_refunded();
        let is_late = is_wanted && deal.transaction_key.is_none();
        is_late.then(|| self.draft_giving_back(payment, format!(" late {}", payment.transaction_id()), LATE)).flatten()
    }

    /// What is told of a refund that ends so.
    pub(super) fn announced(&self, refund: &Refund, state: RefundState) -> Vec<Announcement> {
        let is_abnormal = state == RefundState::Abnormal;
        let not_given_back = match () {
            () if !is_not_given_back(refund, state) => None,
            () if refund.is_of_second_payment => Some(AlarmKind::Money),
            () => Some(AlarmKind::PaidLate),
        };
        let alarms = is_abnormal.then_some(AlarmKind::RefundAbnormal).into_iter().chain(not_given_back);
        ended(&refund.refund_id, state).into_iter().chain(alarms.map(Announcement::AlarmRaised)).collect()
    }

    /// Raises the alarm of a payment that was to go back by itself and does not.
    pub(super) fn note_not_given_back(&self, refund: &Refund, state: RefundState) {
        if !is_not_given_back(refund, state) {
            return;
        }
        let (order_id, refund_id, state) = (&refund.order_id, &refund.refund_id, state.as_str());
        if refund.is_of_second_payment {
            self.metrics.raised(AlarmKind::Money);
            warn!(alarm = "money", %order_id, %refund_id, state, "a second payment was to be given back, and was not: give it back by hand");
        } else {
            self.metrics.raised(AlarmKind::PaidLate);
            warn!(alarm = "paid_late", %order_id, %refund_id, state, "a late payment was to be given back, and was not");
        }
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

/// Whether a payment was to go back by itself, and does not.
fn is_not_given_back(refund: &Refund, state: RefundState) -> bool {
    let does_not = matches!(state, RefundState::Closed | RefundState::Abnormal | RefundState::Failed);
    refund.source == RefundSource::Automatic && does_not
}
