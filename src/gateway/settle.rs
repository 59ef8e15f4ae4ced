//! Settlement, the only door to Paid. The notification, the query and the sweeper knock here, and whatever will learn of payments
//! later.

use chrono::TimeDelta;
use tracing::{info, warn};

use crate::channel::ProvenPayment;
use crate::deal::{AlarmKind, Announcement, Deal, DealStatus, Timestamp};
use crate::store::{Cause, Event, EventKind, NewRefund, Origin, StoreError};

use super::Gateway;

/// What the journal says with a payment that was given back before it became known here.
const GIVEN_BACK: &str = "at least a part was given back since";

/// A payment that is stored, durably.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settled {
    /// The deal became Paid now.
    Now,
    /// It became Paid now, after it had been given up: money beats the timer.
    Late,
    /// The same, and all of it goes back by itself.
    LateGoesBack,
    /// It was Paid before, and of this payment nothing new was heard.
    Already,
    /// It was Paid before, by another program that did not say by which payment; that is stored now.
    Identified {
        /// Whether it is news that at least a part was given back.
        is_given_back: bool,
    },
    /// It was Paid before, by this payment; that at least a part was given back is new.
    GivenBack,
}

/// A payment that changed nothing, though WeChat has signed it. An operator should look.
#[derive(Debug, thiserror::Error)]
pub enum SettleError {
    /// No deal has this number. (It may be another environment's, with the same key.)
    #[error("there is no such order")]
    UnknownOrder,
    /// The deal of this number is paid by other means. (The original's numbers repeat.)
    #[error("the order is not paid by WeChat")]
    NotWeChats,
    /// The deal goes through another account than the one whose key vouches for the payment.
    #[error("the order is another account's")]
    ForeignAccount,
    /// The deal costs another amount.
    #[error("the amount is not the order's")]
    Amount,
    /// Paid in another currency.
    #[error("the currency is not CNY")]
    Currency,
    /// The deal, or the checkout that it is one way of, is paid already, by another payment: the payer was charged twice.
    #[error("the order was paid by another transaction")]
    SecondTransaction,
    /// The same, and this one goes back by itself: no operator need look.
    #[error("the order was paid by another transaction, and this one is given back")]
    SecondGoesBack,
    /// The payment has paid another deal already: one transaction pays one order.
    #[error("the transaction has paid another order")]
    SpentTransaction,
    /// Nothing is known: it could not be stored or looked up.
    #[error("{0}")]
    Store(#[source] StoreError),
}

/// Whether the journal tells of a payment that does not fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Noted {
    Now,
    Before,
    /// It could not be written.
    NotYet,
}

impl From<StoreError> for SettleError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Conflict => Self::SpentTransaction,
            other => Self::Store(other),
        }
    }
}

impl Gateway {
    /// Stores that a deal was paid. When this returns `Ok`, it is on disk.
    ///
    /// # Errors
    /// The payment does not fit, and an alarm was raised, but for [`SettleError::SecondGoesBack`]; or [`SettleError::Store`]: it is not
    /// stored yet.
    pub async fn settle(&self, trade: &ProvenPayment, origin: Origin) -> Result<Settled, SettleError> {
        Self::is_about(trade.order_id(), trade.account());
        let outcome = match self.try_settle(trade, origin).await {
            Err(SettleError::SecondTransaction) => Err(Box::pin(self.second_transaction(trade, origin)).await),
            outcome => outcome,
        };
        self.metrics.settled(&outcome, trade, origin, self.clock.now());
        let order_id = trade.order_id();
        if outcome.is_ok() {
            self.live.touch(order_id);
        }
        let noted = match &outcome {
            Ok(_) | Err(SettleError::Store(_)) => Noted::Before,
            Err(error) => Box::pin(self.note_mismatch(trade, error, origin)).await,
        };
        let (source, total_fee) = (trade.source(), trade.total_fee().get());
        let transaction = tail(trade.transaction_id());
        match &outcome {
            Ok(Settled::Now) => info!(%order_id, ?source, total_fee, transaction, "settled"),
            Ok(Settled::Already | Settled::GivenBack) => info!(%order_id, ?source, transaction, "settled before"),
            Ok(Settled::Identified { .. }) => {
                info!(%order_id, ?source, transaction, "settled before by another program; the payment is known now")
            }
            Ok(Settled::Late) => {
                warn!(alarm = "paid_late", %order_id, ?source, total_fee, transaction, "paid after it had expired; settled")
            }
            Ok(Settled::LateGoesBack) => {
                warn!(%order_id, ?source, total_fee, transaction, "paid after it had expired; settled, and all of it is given back")
            }
            Err(SettleError::Store(error)) => warn!(%order_id, ?source, %error, "a payment could not be stored yet"),
            Err(error) if noted == Noted::Before => info!(%order_id, ?source, transaction, %error, "a payment still does not fit"),
            Err(SettleError::SecondGoesBack) => {
                warn!(%order_id, ?source, total_fee, transaction, "paid by a second transaction, which is given back")
            }
            Err(error) => {
                self.metrics.raised(AlarmKind::Money);
                warn!(alarm = "money", %order_id, ?source, total_fee, transaction, %error, "a payment does not fit and changed nothing")
            }
        }
        // Once it is given up nobody asks again, so what there is to tell must be written by then.
        let is_second = matches!(outcome, Err(SettleError::SecondTransaction | SettleError::SecondGoesBack));
        if is_second && noted != Noted::NotYet {
            Box::pin(self.give_up_paid_attempt(trade, origin)).await;
        }
        if is_news_of_refund(trade, &outcome) {
            self.metrics.raised(AlarmKind::Refunded);
            warn!(alarm = "refunded", %order_id, total_fee, transaction, "at least a part of a payment was given back, and not by this service");
        }
        outcome
    }

    async fn try_settle(&self, trade: &ProvenPayment, origin: Origin) -> Result<Settled, SettleError> {
        let paid_at = self.payment_time(trade);
        if trade.is_cny() && self.store.mark_paid(trade, paid_at, self.event_of(trade, EventKind::Settled, origin)).await? {
            self.live.note_payment(trade.order_id(), paid_at, trade.is_refunded(), self.clock.ticks());
            return Ok(Settled::Now);
        }
        // Not an unpaid deal of ours with this price. (Boxed, as in `settle`, so that a plain payment's task is small.)
        Box::pin(self.settle_as_it_stands(trade, paid_at, origin)).await
    }

    fn event_of(&self, trade: &ProvenPayment, kind: EventKind, origin: Origin) -> Event {
        Event {
            evidence: Some(trade.evidence().clone()),
            detail: trade.is_refunded().then(|| GIVEN_BACK.to_owned()),
            announces: announced(kind, trade),
            ..self.event(trade.order_id(), kind, origin)
        }
    }

    /// Looks why it is not simply paid, and moves the deal only from where it stands. Whose it is goes first: about another account's deal
    /// a key says nothing, in whatever words.
    async fn settle_as_it_stands(&self, trade: &ProvenPayment, paid_at: Timestamp, origin: Origin) -> Result<Settled, SettleError> {
        let event = |kind| self.event_of(trade, kind, origin);
        for _ in 0..3 {
            let deal = self.store.find_to_finish(trade.order_id()).await?.ok_or(SettleError::UnknownOrder)?;
            if deal.account != *trade.account() {
                return Err(SettleError::ForeignAccount);
            }
            if !trade.is_cny() {
                return Err(SettleError::Currency);
            }
            if !deal.mode.is_wechat() {
                return Err(SettleError::NotWeChats);
            }
            if deal.charged != Some(trade.total_fee()) {
                return Err(SettleError::Amount);
            }
            if self.is_checkout_paid_otherwise(&deal).await? {
                return Err(SettleError::SecondTransaction);
            }
            let refund = self.draft_of_late(&deal, trade);
            let (settled, kind) = match deal.status {
                DealStatus::Paid => match paid_before(&deal, trade)? {
                    identified @ Settled::Identified { .. } => (identified, EventKind::Identified),
                    Settled::GivenBack => (Settled::GivenBack, EventKind::Refunded),
                    already => {
                        self.ask_whose_refund_it_is(&deal, trade).await?;
                        return Ok(already);
                    }
                },
                DealStatus::Expired if refund.is_some() => (Settled::LateGoesBack, EventKind::SettledLate),
                DealStatus::Expired => (Settled::Late, EventKind::SettledLate),
                DealStatus::Unpaid => (Settled::Now, EventKind::Settled),
            };
            let changed = match (settled, refund) {
                (Settled::Identified { is_given_back: false }, _) => {
                    let event = Event { detail: None, announces: vec![Announcement::DealPaid { late: false }], ..event(kind) };
                    self.store.identify(&deal, trade, self.now_by_database(), event).await?
                }
                (Settled::Identified { .. }, _) => self.store.identify(&deal, trade, self.now_by_database(), event(kind)).await?,
                (Settled::GivenBack, _) => self.store.note_given_back(&deal, trade, event(kind)).await?,
                (_, Some(refund)) => {
                    let event = Event { announces: vec![Announcement::DealPaid { late: true }], ..event(kind) };
                    self.settle_and_give_back(&deal, trade, paid_at, event, refund).await?
                }
                (_, None) if deal.checkout_id.is_some() => {
                    self.store.mark_attempt_paid(&deal, trade, paid_at, self.now_by_database(), event(kind)).await?
                }
                (_, None) => self.store.mark_paid_from(&deal, trade, paid_at, event(kind)).await?,
            };
            if !changed {
                continue;
            }
            if settled == (Settled::Identified { is_given_back: false }) {
                self.ask_whose_refund_it_is(&deal, trade).await?;
            }
            // Of one that goes back its row says how much.
            if settled != Settled::LateGoesBack {
                let paid_at = deal.paid_at.unwrap_or(paid_at);
                let is_given_back = is_news_of_refund(trade, &Ok(settled));
                self.live.note_payment(trade.order_id(), paid_at, is_given_back, self.clock.ticks());
            }
            return Ok(settled);
        }
        Err(StoreError::from(Cause::Contended).into())
    }

    /// WeChat says that something was given back, and all refunds that we know of are closed: it is to tell which there are.
    async fn ask_whose_refund_it_is(&self, deal: &Deal, trade: &ProvenPayment) -> Result<(), StoreError> {
        if trade.is_refunded() && deal.refunded_at.is_none() && deal.refunded.are_all_closed() {
            self.store.ask_for_list(deal, self.now_by_database()).await?;
        }
        Ok(())
    }

    /// A payment after expiry, and the refund of all of it.
    async fn settle_and_give_back(
        &self,
        deal: &Deal,
        trade: &ProvenPayment,
        paid_at: Timestamp,
        event: Event,
        refund: NewRefund,
    ) -> Result<bool, StoreError> {
        let requested = self.refund_requested(&refund, event.origin);
        let settled = self.store.mark_paid_and_reserve_refund(deal, trade, paid_at, refund, [event, requested]).await?;
        if settled {
            self.metrics.refund_requested(trade.account());
        }
        Ok(settled)
    }

    /// Writes a payment that does not fit into the journal, with what WeChat has signed: once, however often it is told.
    async fn note_mismatch(&self, trade: &ProvenPayment, error: &SettleError, origin: Origin) -> Noted {
        // Of a payment that goes back by itself nothing need be said.
        let is_alarm = !matches!(error, SettleError::SecondGoesBack);
        let kind = if is_alarm { EventKind::Mismatch } else { EventKind::SecondPayment };
        let detail = match error {
            SettleError::SecondGoesBack => format!("{} fen by transaction {}", trade.total_fee().get(), trade.transaction_id()),
            // Whatever another account's key signs about this deal is one and the same mistake.
            SettleError::ForeignAccount => format!("{error}: signed for the account {}", trade.account()),
            _ => format!("{error}: {} fen by transaction {}", trade.total_fee().get(), trade.transaction_id()),
        };
        let event = self.event(trade.order_id(), kind, origin);
        let announces = is_alarm.then_some(Announcement::AlarmRaised(AlarmKind::Money)).into_iter().collect();
        let event = Event { detail: Some(detail), evidence: Some(trade.evidence().clone()), announces, ..event };
        match self.store.record_once(event).await {
            Ok(true) => Noted::Now,
            Ok(false) => Noted::Before,
            Err(error) => {
                warn!(%error, "an event could not be written");
                Noted::NotYet
            }
        }
    }

    /// `time_end`, unless it is impossible: it is not checked by any signature of time, so it decides nothing and a
    /// wrong one must not stop a payment.
    fn payment_time(&self, trade: &ProvenPayment) -> Timestamp {
        let now = self.clock.now_seconds();
        let plausible = |time: &Timestamp| *time <= now + TimeDelta::minutes(10) && *time >= now - TimeDelta::days(366);
        trade.time_end().filter(plausible).unwrap_or_else(|| {
            warn!(order_id = %trade.order_id(), "time_end is no plausible time; taking the time of receipt");
            now
        })
    }
}

/// What is told of a payment that is stored as an event of this kind.
fn announced(kind: EventKind, trade: &ProvenPayment) -> Vec<Announcement> {
    let paid = match kind {
        EventKind::Settled | EventKind::Identified => Some(Announcement::DealPaid { late: false }),
        EventKind::SettledLate => Some(Announcement::DealPaid { late: true }),
        _ => None,
    };
    let alarms = [(kind == EventKind::SettledLate, AlarmKind::PaidLate), (trade.is_refunded(), AlarmKind::Refunded)];
    let alarms = alarms.into_iter().filter(|(is_raised, _)| *is_raised).map(|(_, alarm)| Announcement::AlarmRaised(alarm));
    paid.into_iter().chain(alarms).collect()
}

/// What a payment of the right amount means for a deal that is paid.
fn paid_before(deal: &Deal, trade: &ProvenPayment) -> Result<Settled, SettleError> {
    match &deal.transaction_id {
        // What WeChat has signed counts, whatever another program has written over it since.
        _ if deal.is_paid_by(trade.transaction_id()) == Some(false) => Err(SettleError::SecondTransaction),
        // The original stored no transaction id, so the first that WeChat has signed is the one that it did not tell.
        None => Ok(Settled::Identified { is_given_back: trade.is_refunded() && deal.refunded.is_nothing() }),
        Some(first) if deal.transaction_key.is_none() && first != trade.transaction_id() => Err(SettleError::SecondTransaction),
        // What this service gives back is no news; nor is what it tried to and WeChat closed, which WeChat speaks of in the same word.
        Some(_) if trade.is_refunded() && deal.refunded_at.is_none() && deal.refunded.is_nothing() => Ok(Settled::GivenBack),
        Some(_) => Ok(Settled::Already),
    }
}

/// Whether by this payment it was first heard that others gave something back.
fn is_news_of_refund(trade: &ProvenPayment, outcome: &Result<Settled, SettleError>) -> bool {
    let is_none = |settled: &Settled| matches!(settled, Settled::Already | Settled::Identified { is_given_back: false });
    trade.is_refunded() && outcome.as_ref().is_ok_and(|settled| !is_none(settled))
}

/// The last six characters: enough to find a payment in WeChat's own pages, not enough to be worth copying.
fn tail(transaction_id: &str) -> &str {
    let start = transaction_id.len().saturating_sub(6);
    transaction_id.get(start..).unwrap_or_default()
}
