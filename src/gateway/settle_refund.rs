//! Settlement of refunds, the only door to Refunded. The answer to a request, the query after a notification and the sweeper's look
//! knock here, each with WeChat's signed word; and a refund of which nothing is known here is booked as made by others.

use tracing::{error, info, warn};

use crate::channel::ProvenRefund;
use crate::deal::{AlarmKind, Announcement, Deal, DealStatus, OrderId, Refund, RefundId, RefundState, Timestamp};
use crate::store::{Cause, Event, EventKind, Origin, StoreError, Verdict};

use super::refund_schedule::next_look;
use super::{Gateway, GatewayError};

/// A refund that is stored, durably.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefundSettled {
    /// It stands so from now on.
    Now(RefundState),
    /// It stood so before.
    Already,
    /// It was made by others, was not known here, and stands so.
    Booked(RefundState),
}

/// A refund that changed nothing, though WeChat has signed it.
#[derive(Debug, thiserror::Error)]
pub enum RefundSettleError {
    /// No deal has this number.
    #[error("there is no such order")]
    UnknownOrder,
    /// The deal, or the refund, is another account's than the one whose key vouches for it.
    #[error("the order is another account's")]
    ForeignAccount,
    /// The refund of this number is another order's.
    #[error("the refund is another order's")]
    ForeignOrder,
    /// The refund is of another amount, or the payment was.
    #[error("the amount is not the refund's")]
    Amount,
    /// It gives another payment back.
    #[error("the refund is another payment's")]
    Transaction,
    /// It was decided otherwise.
    #[error("the refund stands as {0} here, and as {1} at WeChat")]
    State(&'static str, &'static str),
    /// WeChat gives back what it does not say was paid.
    #[error("the order is not paid")]
    NotPaid,
    /// Nothing is known: WeChat did not say whether the order is paid.
    #[error("{0}")]
    Unanswered(Box<GatewayError>),
    /// Nothing is known: it could not be stored or looked up.
    #[error("{0}")]
    Store(#[from] StoreError),
}

impl RefundSettleError {
    /// Whether the same word of WeChat's may be stored later.
    pub(super) fn may_pass(&self) -> bool {
        matches!(self, Self::Unanswered(_) | Self::Store(_))
    }

    pub(super) fn into_gateway(self, order_id: &OrderId) -> GatewayError {
        match self {
            Self::Unanswered(error) => *error,
            Self::Store(error) => error.into(),
            _ => GatewayError::Mismatch(order_id.clone()),
        }
    }
}

impl Gateway {
    /// Stores what WeChat says of a refund. When this returns `Ok`, it is on disk.
    ///
    /// # Errors
    /// It does not fit, and an alarm was raised; or, where it may pass, it is not stored yet.
    pub async fn settle_refund(&self, proof: &ProvenRefund, origin: Origin) -> Result<RefundSettled, RefundSettleError> {
        Self::is_about(proof.order_id(), proof.account());
        let outcome = self.try_settle_refund(proof, origin).await;
        let (order_id, refund_id, fee, account) = (proof.order_id(), proof.refund_id(), proof.fee().get(), proof.account());
        self.metrics.refund_settled(&outcome, proof);
        match &outcome {
            Ok(RefundSettled::Already) => {}
            Ok(_) => {
                self.live.forget_payment(order_id);
                self.live.touch(order_id);
                let state = proof.state().as_str();
                info!(%order_id, %refund_id, fee, state, "a refund is stored");
                if proof.state() == RefundState::Abnormal {
                    error!(
                        alarm = "refund_abnormal", %order_id, %refund_id, %account, fee,
                        "the payer's bank refused a refund, and the money is the merchant's again: pay it out by hand in 商户平台"
                    );
                }
            }
            Err(error) if error.may_pass() => warn!(%order_id, %refund_id, %error, "a refund could not be stored yet"),
            Err(mismatch) => {
                if self.note_refund_mismatch(proof, mismatch, origin).await {
                    self.metrics.raised(AlarmKind::RefundMismatch);
                    error!(alarm = "refund_mismatch", %order_id, %refund_id, fee, error = %mismatch, "a refund does not fit and changed nothing");
                }
            }
        }
        outcome
    }

    async fn try_settle_refund(&self, proof: &ProvenRefund, origin: Origin) -> Result<RefundSettled, RefundSettleError> {
        for _ in 0..5 {
            let settled = match self.store.find_refund(proof.refund_id()).await? {
                Some(refund) => self.follow_proof(&refund, proof, origin).await?,
                None => self.book_proof(proof, origin).await?,
            };
            if let Some(settled) = settled {
                return Ok(settled);
            }
        }
        Err(StoreError::from(Cause::Contended).into())
    }

    /// Of a refund that is known. `None`: it has moved since it was read.
    async fn follow_proof(
        &self,
        refund: &Refund,
        proof: &ProvenRefund,
        origin: Origin,
    ) -> Result<Option<RefundSettled>, RefundSettleError> {
        fits(refund, proof)?;
        let (before, after) = (refund.state, proof.state());
        let is_acceptance = before == RefundState::Processing && after == RefundState::Processing && !refund.is_accepted();
        if before == after && !is_acceptance {
            return Ok(Some(RefundSettled::Already));
        }
        if !is_acceptance && !before.may_become(after) {
            // A word that was under way when the refund was decided says less than is known.
            return match after {
                RefundState::Processing => Ok(Some(RefundSettled::Already)),
                _ => Err(RefundSettleError::State(before.as_str(), after.as_str())),
            };
        }
        let announces = self.announced(refund, after);
        let event = Event { announces, ..self.refund_event(proof, kind(after), origin) };
        let due_at = (after == RefundState::Processing).then(|| self.first_look(event.at)).flatten();
        if !self.store.settle_refund(refund, Verdict::Proven(Box::new(proof.clone()), due_at), event).await? {
            return Ok(None);
        }
        self.note_not_given_back(refund, after);
        Ok(Some(RefundSettled::Now(after)))
    }

    /// Of a refund that is not known here: others made it, or another database of ours did. `None`: another instance has booked it,
    /// or the deal has moved.
    async fn book_proof(&self, proof: &ProvenRefund, origin: Origin) -> Result<Option<RefundSettled>, RefundSettleError> {
        let deal = self.paid_deal_of(proof, origin).await?;
        if deal.charged != Some(proof.total_fee()) {
            return Err(RefundSettleError::Amount);
        }
        let (is_news, is_abnormal) = (!is_announced_before(&deal), proof.state() == RefundState::Abnormal);
        let alarms = [is_news.then_some(AlarmKind::Refunded), is_abnormal.then_some(AlarmKind::RefundAbnormal)];
        let alarms = alarms.into_iter().flatten().map(Announcement::AlarmRaised);
        let announces = ended(proof.refund_id(), proof.state()).into_iter().chain(alarms).collect();
        let event = Event { announces, ..self.refund_event(proof, EventKind::RefundBooked, origin) };
        let due_at = (proof.state() == RefundState::Processing).then(|| self.first_look(event.at)).flatten();
        match self.store.book_refund(&deal, proof, due_at, event).await {
            Ok(true) => {
                self.note_booked(&deal, proof);
                Ok(Some(RefundSettled::Booked(proof.state())))
            }
            Ok(false) | Err(StoreError::Conflict) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Raises the alarm, unless that something was given back has raised it before, and this is what.
    fn note_booked(&self, deal: &Deal, proof: &ProvenRefund) {
        let (order_id, refund_id, fee) = (proof.order_id(), proof.refund_id(), proof.fee().get());
        if is_announced_before(deal) {
            return info!(%order_id, %refund_id, fee, "this is what was given back, and not by this service; it is booked");
        }
        self.metrics.raised(AlarmKind::Refunded);
        warn!(alarm = "refunded", %order_id, %refund_id, fee, "a refund was made, and not by this service; it is booked");
    }

    /// The deal, which is paid: what is not known of its payment is asked for first.
    async fn paid_deal_of(&self, proof: &ProvenRefund, origin: Origin) -> Result<Deal, RefundSettleError> {
        let deal = self.store.find_to_finish(proof.order_id()).await?.ok_or(RefundSettleError::UnknownOrder)?;
        if deal.account != *proof.account() {
            return Err(RefundSettleError::ForeignAccount);
        }
        if deal.status == DealStatus::Paid {
            return Ok(deal);
        }
        match self.inquire(&deal.route(), origin).await {
            // Of one that was paid otherwise than it costs, an alarm was raised.
            Ok(_) | Err(GatewayError::Mismatch(_)) => {}
            Err(error) => return Err(RefundSettleError::Unanswered(Box::new(error))),
        }
        let deal = self.store.find_to_finish(proof.order_id()).await?.ok_or(RefundSettleError::UnknownOrder)?;
        if deal.status == DealStatus::Paid { Ok(deal) } else { Err(RefundSettleError::NotPaid) }
    }

    /// Looks are kept by the database's clock.
    fn first_look(&self, now: Timestamp) -> Option<Timestamp> {
        next_look(now, now).map(|look| look + self.skew())
    }

    fn refund_event(&self, proof: &ProvenRefund, kind: EventKind, origin: Origin) -> Event {
        let detail = format!("{}: {} fen, {}", proof.refund_id(), proof.fee().get(), proof.state().as_str());
        Event { detail: Some(detail), evidence: Some(proof.evidence().clone()), ..self.event(proof.order_id(), kind, origin) }
    }

    /// Writes what does not fit into the journal once; `false`: it is there already.
    async fn note_refund_mismatch(&self, proof: &ProvenRefund, error: &RefundSettleError, origin: Origin) -> bool {
        let detail = format!("{}: {error}; {} fen, {}", proof.refund_id(), proof.fee().get(), proof.state().as_str());
        let event = self.event(proof.order_id(), EventKind::RefundMismatch, origin);
        let announces = vec![Announcement::AlarmRaised(AlarmKind::RefundMismatch)];
        let event = Event { detail: Some(detail), evidence: Some(proof.evidence().clone()), announces, ..event };
        self.store.record_once(event).await.unwrap_or_else(|error| {
            warn!(%error, "an event could not be written");
            true
        })
    }
}

/// What is told of a refund by how it ended; nothing while it is on its way.
pub(super) fn ended(refund_id: &RefundId, state: RefundState) -> Option<Announcement> {
    match state {
        RefundState::Processing => None,
        RefundState::Success => Some(Announcement::RefundSucceeded(refund_id.clone())),
        RefundState::Closed | RefundState::Abnormal | RefundState::Failed => Some(Announcement::RefundFailed(refund_id.clone(), state)),
    }
}

/// Whether the alarm was raised before, by WeChat's word that something of this payment was given back.
fn is_announced_before(deal: &Deal) -> bool {
    deal.refunded_at.is_some() && deal.refunded.list_due_at.is_some()
}

/// Whether WeChat speaks of this very refund.
fn fits(refund: &Refund, proof: &ProvenRefund) -> Result<(), RefundSettleError> {
    let differs = |ours: &Option<String>, theirs: &str| ours.as_deref().is_some_and(|ours| ours != theirs);
    if refund.account != *proof.account() {
        Err(RefundSettleError::ForeignAccount)
    } else if refund.order_id != *proof.order_id() {
        Err(RefundSettleError::ForeignOrder)
    } else if refund.fee != proof.fee() {
        Err(RefundSettleError::Amount)
    } else if differs(&refund.transaction_id, proof.transaction_id()) || differs(&refund.wechat_refund_id, proof.wechat_refund_id()) {
        Err(RefundSettleError::Transaction)
    } else {
        Ok(())
    }
}

fn kind(state: RefundState) -> EventKind {
    match state {
        RefundState::Processing => EventKind::RefundAccepted,
        RefundState::Success => EventKind::RefundSucceeded,
        RefundState::Closed => EventKind::RefundClosed,
        RefundState::Abnormal => EventKind::RefundAbnormal,
        RefundState::Failed => EventKind::RefundFailed,
    }
}
