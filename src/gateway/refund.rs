//! Giving money back at the wish of a back end or an operator. The amount is reserved on the deal and the refund is stored, with its
//! number and its exact bytes, before WeChat is asked; whatever becomes of the call, the follower sends these bytes again until
//! WeChat has decided.

use std::time::Duration;

use chrono::TimeDelta;

use crate::channel::{RefundOrder, Refunding};
use crate::deal::{AccountId, Deal, DealStatus, Fen, NewAudit, OrderId, Reach, Refund, RefundId, RefundReason, RefundSource};
use crate::store::{Cause, Event, EventKind, NewRefund, Origin, StoreError};

use super::send_refund::FIRST_LEASE;
use super::{Gateway, GatewayError};

/// Refunds that WeChat allows of one order.
const MOST: u32 = 50;
/// How long after a payment WeChat gives it back.
const A_YEAR: TimeDelta = TimeDelta::days(365);
/// Other refunds of the same deal that may come between a look at it and the reservation.
const TRIES: u32 = 8;

/// What a caller wants given back.
#[derive(Debug, Clone)]
pub struct RefundWish {
    /// Of which deal.
    pub order_id: OrderId,
    /// How much; `None`: all that is left.
    pub fee: Option<Fen>,
    /// What the payer reads.
    pub reason: Option<RefundReason>,
    /// The caller's name for this attempt: a repeat is the same refund.
    pub idempotency_key: String,
    /// Who asks.
    pub source: RefundSource,
    /// Which deals the caller may touch.
    pub reach: Reach,
    /// How the deal's refunds stood when the caller last looked ([`Refunded::standing`](crate::deal::Refunded::standing)); `None`: whatever
    /// came in since is no reason to ask once more.
    pub seen: Option<String>,
    /// The user of the console that asks, if one does.
    pub by: Option<NewAudit>,
}

/// A refund, and what is left of its payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefundView {
    /// The refund as it is stored.
    pub refund: Refund,
    /// What has been given back of the deal's payment, or is on its way; `None`: nothing.
    pub refunded: Option<Fen>,
    /// What can still be given back; `None`: nothing.
    pub left: Option<Fen>,
}

impl RefundView {
    pub(super) fn new(refund: Refund, deal: &Deal) -> Self {
        Self { refund, refunded: deal.refunded.fee, left: deal.left() }
    }
}

impl Gateway {
    /// Gives a payment or a part of it back, once for each idempotency key. The answer says how the refund stands after WeChat was
    /// asked once; a refund that WeChat has refused for good is one too.
    ///
    /// # Errors
    /// Before anything is stored: [`GatewayError::NotFound`], [`GatewayError::IdempotencyConflict`],
    /// [`GatewayError::NoCertificate`], and the refusals `NotPaid`, `RefundTooLate`, `RefundTooMuch`, `RefundTooMany`,
    /// `RefundTooSoon` and `RefundMoved`. An error of the store leaves open whether it is stored; a repeat under the same key tells.
    pub async fn refund(&self, wish: RefundWish) -> Result<RefundView, GatewayError> {
        let mut deal = self.load_within(&wish.order_id, &wish.reach).await?;
        Self::is_about(&deal.order_id, &deal.account);
        let refund_id = RefundId::draw(self.clock.now(), self.chance.draw());
        for _ in 0..TRIES {
            if let Some(refund) = self.store.find_refund_by_key(&deal.order_id, &wish.idempotency_key).await? {
                // Had a first try been carried out whose answer was lost, it is ours to send.
                return if refund.refund_id == refund_id { self.send_first(refund).await } else { self.repeat(refund, &wish).await };
            }
            if wish.seen.as_ref().is_some_and(|seen| *seen != deal.refunded.standing()) {
                return Err(GatewayError::RefundMoved);
            }
            let fee = self.may_refund(&deal, wish.fee)?;
            let refund = self.draft_refund(&deal, &wish, &refund_id, fee)?;
            let event = self.refund_requested(&refund, Origin::of(wish.source));
            let by = wish.by.clone().map(|by| audited(by, &refund));
            match self.store.reserve_refund(&deal, refund, by, event).await {
                Ok(true) => {
                    self.metrics.refund_requested(&deal.account);
                    self.live.forget_payment(&deal.order_id);
                    return self.send_first(read_again(self.store.find_refund(&refund_id).await?)?).await;
                }
                // Another refund came between: look again at what is left.
                Ok(false) | Err(StoreError::Conflict) => {}
                Err(error) => return Err(error.into()),
            }
            deal = read_again(self.store.find(&wish.order_id).await?)?;
        }
        Err(StoreError::from(Cause::Contended).into())
    }

    /// Whether refunds through this account can be asked for at all.
    ///
    /// # Errors
    /// [`GatewayError::NoAccount`], [`GatewayError::NoCertificate`].
    pub fn can_refund_through(&self, account: &AccountId) -> Result<(), GatewayError> {
        match self.accounts.get(account)?.refunding() {
            Refunding::Impossible => Err(GatewayError::NoCertificate(account.clone())),
            Refunding::Certified(_) | Refunding::Uncertified => Ok(()),
        }
    }

    /// How much may go back now, of the amount that is wanted or of all that is left.
    pub(super) fn may_refund(&self, deal: &Deal, wanted: Option<Fen>) -> Result<Fen, GatewayError> {
        self.can_refund_through(&deal.account)?;
        if !deal.mode.is_wechat() {
            return Err(GatewayError::NotWeChats(deal.order_id.clone()));
        }
        if deal.status != DealStatus::Paid {
            return Err(GatewayError::NotPaid(deal.order_id.clone()));
        }
        let now = self.clock.now();
        if deal.paid_at.is_some_and(|paid_at| now > paid_at + A_YEAR) {
            return Err(GatewayError::RefundTooLate);
        }
        let left = deal.left();
        let fee = wanted.or(left).filter(|fee| Some(*fee) <= left).ok_or(GatewayError::RefundTooMuch(left))?;
        if deal.refunded.count >= MOST {
            return Err(GatewayError::RefundTooMany);
        }
        let wait = deal.refunded.last_at.map(|last| last + self.terms.refund.min_interval - now);
        match wait.filter(|wait| *wait > TimeDelta::zero()) {
            // Whole seconds, rounded up: a caller that waits that long succeeds.
            Some(wait) => Err(GatewayError::RefundTooSoon(Duration::from_secs(wait.num_milliseconds().unsigned_abs().div_ceil(1000)))),
            None => Ok(fee),
        }
    }

    fn draft_refund(&self, deal: &Deal, wish: &RefundWish, refund_id: &RefundId, fee: Fen) -> Result<NewRefund, GatewayError> {
        let created_at = self.clock.now_seconds();
        let order = RefundOrder {
            refund_id,
            order_id: &deal.order_id,
            transaction_id: deal.proven_transaction_id(),
            total_fee: deal.charged.ok_or(GatewayError::RefundTooMuch(None))?,
            fee,
            reason: wish.reason.as_ref(),
        };
        Ok(NewRefund {
            request: self.accounts.get(&deal.account)?.draft_refund(&order, &self.chance),
            refund_id: refund_id.clone(),
            order_id: deal.order_id.clone(),
            account: deal.account.clone(),
            transaction_id: deal.proven_transaction_id().map(str::to_owned),
            fee,
            asked: wish.fee,
            reason: wish.reason.clone(),
            source: wish.source,
            idempotency_key: wish.idempotency_key.clone(),
            created_at,
            // Leases are kept by the database's clock.
            due_at: created_at + self.skew() + FIRST_LEASE,
        })
    }

    pub(super) fn refund_requested(&self, refund: &NewRefund, origin: Origin) -> Event {
        let detail =
            format!("{}: {} fen of transaction {}", refund.refund_id, refund.fee.get(), refund.transaction_id.as_deref().unwrap_or("-"));
        Event { detail: Some(detail), ..self.event(&refund.order_id, EventKind::RefundRequested, origin) }
    }

    /// The same wish again: the same refund as it stands by now, whatever is left by now.
    async fn repeat(&self, refund: Refund, wish: &RefundWish) -> Result<RefundView, GatewayError> {
        if refund.asked != wish.fee {
            return Err(GatewayError::IdempotencyConflict("refund"));
        }
        if refund.reason != wish.reason {
            return Err(GatewayError::IdempotencyConflict("reason"));
        }
        // As it stands now that the refund is there: it may have been reserved since the deal was read.
        Ok(RefundView::new(refund, &read_again(self.store.find(&wish.order_id).await?)?))
    }

    /// Sends a refund that was stored just now, and says how it stands then. That nothing is known of it yet is no error: it is sent
    /// again.
    async fn send_first(&self, refund: Refund) -> Result<RefundView, GatewayError> {
        let (order_id, refund_id) = (refund.order_id.clone(), refund.refund_id.clone());
        let origin = Origin::of(refund.source);
        self.send_refund_once(refund, origin).await;
        let refund = read_again(self.store.find_refund(&refund_id).await?)?;
        Ok(RefundView::new(refund, &read_again(self.store.find(&order_id).await?)?))
    }
}

/// What the trail says of a refund.
fn audited(by: NewAudit, refund: &NewRefund) -> NewAudit {
    let reason = refund.reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
    by.of_order(&refund.order_id).to(refund.refund_id.as_str()).with(format!("{} yuan{reason}", refund.fee.yuan()))
}

/// What was read or stored just now. Its absence is no refusal: money may be on its way, and a repeat under the same key tells.
fn read_again<T>(found: Option<T>) -> Result<T, StoreError> {
    found.ok_or_else(|| Cause::Contended.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_stored_and_is_not_found_is_asked_for_again() {
        assert!(read_again(None::<()>).is_err_and(|error| error.is_unavailability()));
    }
}
