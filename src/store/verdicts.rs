//! What WeChat's word about an order changes: paid, given back, expired.

use crate::channel::{Evidence, ProvenPayment};
use crate::deal::{Deal, DealStatus, OrderId, Timestamp};

use super::statement::Statement;
use super::{Event, Store, StoreError};

impl Store {
    /// Unpaid → Paid in one statement, if the deal of this number is unpaid and costs exactly this: the common case.
    /// `false` means that it must be looked at ([`Store::mark_paid_from`]). [`StoreError::Conflict`]: this payment has
    /// paid another deal.
    pub async fn mark_paid(&self, trade: &ProvenPayment, paid_at: Timestamp, event: Event) -> Result<bool, StoreError> {
        let refunded_at = trade.is_refunded().then_some(event.at);
        let change = Statement::MarkPaid { trade: Box::new(trade.clone()), paid_at, refunded_at };
        Ok(self.journal(change, event).await? == 1)
    }

    /// Unpaid or Expired → Paid for a deal that has been read and judged, if it still has the status that was read.
    /// [`StoreError::Conflict`] as above.
    pub async fn mark_paid_from(&self, deal: &Deal, trade: &ProvenPayment, paid_at: Timestamp, event: Event) -> Result<bool, StoreError> {
        if !deal.status.may_become(DealStatus::Paid) {
            return Ok(false);
        }
        let refunded_at = trade.is_refunded().then_some(event.at);
        let change = Statement::MarkPaidFrom { id: deal.id, status: deal.status, trade: Box::new(trade.clone()), paid_at, refunded_at };
        Ok(self.journal(change, event).await? == 1)
    }

    /// Fills the transaction into a deal that another program has marked as paid without naming one, if it still has none.
    /// [`StoreError::Conflict`] as above.
    pub async fn identify(&self, deal: &Deal, trade: &ProvenPayment, event: Event) -> Result<bool, StoreError> {
        let refunded_at = trade.is_refunded().then_some(event.at);
        let change = Statement::Identify { id: deal.id, trade: Box::new(trade.clone()), refunded_at };
        Ok(self.journal(change, event).await? == 1)
    }

    /// Keeps WeChat's word that the payment of a paid deal was given back; `false` when that was known.
    pub async fn note_refund(&self, deal: &Deal, trade: &ProvenPayment, event: Event) -> Result<bool, StoreError> {
        let change = Statement::NoteRefund { id: deal.id, trade: Box::new(trade.clone()), now: event.at };
        Ok(self.journal(change, event).await? == 1)
    }

    /// Unpaid → Expired on WeChat's signed word that the order is closed. `false`: it was not unpaid, somebody is
    /// asking WeChat for a link at this moment, or it is one of the original's that were too old at adoption to be
    /// followed, which are only ever answered.
    pub async fn mark_expired(&self, order_id: &OrderId, evidence: &Evidence, event: Event) -> Result<bool, StoreError> {
        let change = Statement::MarkExpired { order_id: order_id.clone(), evidence: evidence.clone(), now: event.at };
        Ok(self.journal(change, event).await? == 1)
    }

    /// Unpaid → Expired for a deal that never had a link and that WeChat does not know, if nobody has asked for a link
    /// since `quiet_since`: a request may still be under way.
    pub async fn mark_never_ordered(&self, order_id: &OrderId, quiet_since: Timestamp, event: Event) -> Result<bool, StoreError> {
        let change = Statement::MarkNeverOrdered { order_id: order_id.clone(), quiet_since, now: event.at };
        Ok(self.journal(change, event).await? == 1)
    }
}
