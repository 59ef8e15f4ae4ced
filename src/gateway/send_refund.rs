//! Sending a refund by its stored bytes, and writing down what came of it: accepted, refused for good, or to be sent again.
//!
//! A refusal gives the amount free for another refund, so it is believed only when WeChat, asked by the number in a signed query,
//! does not know it. After an earlier request whose outcome is unknown that query may lag behind: then a minute passes first.

use chrono::TimeDelta;
use tracing::{error, info, warn};

use crate::channel::{CertificateFault, Postponed, RefundOutcome, RefundQueryOutcome, RefundSubject, Refunding, Refusal};
use crate::deal::{Refund, Timestamp};
use crate::store::{Event, EventKind, NextRefundStep, Origin, StoreError, Verdict};

use super::follow::Calls;
use super::refund_schedule::next_try;
use super::{Gateway, GatewayError};

/// How long the caller that has asked for a refund may be sending it: longer than a call and the query after a refusal take.
pub(super) const FIRST_LEASE: TimeDelta = TimeDelta::seconds(20);
/// How far a query may lag behind a request whose outcome is unknown.
const LAG: TimeDelta = TimeDelta::seconds(60);

/// Whether an earlier request of the same number may have been sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sending {
    /// None was: the row was stored just now, by the caller that sends it.
    First,
    /// One may have been, as late as this.
    Again(Timestamp),
}

impl Gateway {
    /// Sends a refund whose lease is held until its `due_at`, and plans what is next.
    pub(super) async fn send_refund_once(&self, refund: Refund, origin: Origin, sending: Sending) {
        let until = refund.due_at.unwrap_or(refund.created_at);
        let now = self.clock.now_seconds() + self.skew();
        let next = match self.send_refund(&refund, origin, sending, &Calls::default(), now).await {
            Ok(None) => return,
            Ok(Some(next)) => next,
            Err(error) => self.unknown(&refund, &error, now),
        };
        if let Err(error) = self.plan_refund(&refund, until, next, origin).await {
            warn!(refund_id = %refund.refund_id, %error, "the next step of a refund could not be planned; it is due when the lease is over");
        }
    }

    /// Sends a refund and stores what became of it; or says when it is sent again.
    ///
    /// # Errors
    /// Nothing is known of its outcome.
    pub(super) async fn send_refund(
        &self,
        refund: &Refund,
        origin: Origin,
        sending: Sending,
        calls: &Calls,
        now: Timestamp,
    ) -> Result<Option<NextRefundStep>, GatewayError> {
        let (route, refund_id) = (refund.route(), &refund.refund_id);
        let Some(request) = refund.request.clone() else { return Err(GatewayError::RefundNotFound) };
        let remote = self.accounts.at(&route)?;
        if self.accounts.get(&refund.account)?.refunding() == Refunding::Impossible {
            return Ok(Some(self.postponed(refund, Postponed::Certificate(CertificateFault::Missing), now)));
        }
        calls.add_one();
        let answer = remote.refund(refund_id, request).await.map_err(|error| GatewayError::of_call(&refund.order_id, error))?;
        let refusal = match answer {
            RefundOutcome::Accepted(proof) => {
                self.settle_refund(&proof, origin).await.map_err(|error| error.into_gateway(&refund.order_id))?;
                return Ok(None);
            }
            RefundOutcome::NotNow(postponed) => return Ok(Some(self.postponed(refund, postponed, now))),
            RefundOutcome::Refused(refusal) => refusal,
        };
        calls.add_one();
        let asked = remote.query_refund(RefundSubject::Refund(refund_id)).await;
        match asked.map_err(|error| GatewayError::of_call(&refund.order_id, error))? {
            RefundQueryOutcome::Known(proofs, _) => {
                for proof in &proofs {
                    self.settle_refund(proof, origin).await.map_err(|error| error.into_gateway(&refund.order_id))?;
                }
                Ok(None)
            }
            RefundQueryOutcome::NotExist => match sending {
                Sending::Again(at) if now < at + LAG => Ok(Some(step(at + LAG, now, Some(refusal.to_string())))),
                _ => {
                    self.refuse(refund, &refusal, origin).await?;
                    Ok(None)
                }
            },
        }
    }

    async fn refuse(&self, refund: &Refund, refusal: &Refusal, origin: Origin) -> Result<(), StoreError> {
        let words = refusal.to_string();
        let event = Event {
            detail: Some(format!("{}: {words}", refund.refund_id)),
            ..self.event(&refund.order_id, EventKind::RefundFailed, origin)
        };
        if self.store.settle_refund(refund, Verdict::Refused(words), event).await? {
            self.metrics.refund_failed(&refund.account);
            self.live.forget_payment(&refund.order_id);
            info!(refund_id = %refund.refund_id, refusal = %refusal, "WeChat refused a refund for good");
        }
        Ok(())
    }

    /// What is next for a refund that WeChat does not take now.
    fn postponed(&self, refund: &Refund, postponed: Postponed, now: Timestamp) -> NextRefundStep {
        let words = postponed.to_string();
        let is_news = refund.detail.as_deref() != Some(&words);
        let (refund_id, account) = (&refund.refund_id, &refund.account);
        let refused_certificate = match postponed {
            Postponed::Certificate(_) => Some(match self.accounts.get(account).map(|account| account.refunding()) {
                Ok(Refunding::Certified(fingerprint)) => fingerprint,
                _ => String::new(),
            }),
            _ => None,
        };
        if is_news && let Some(alarm) = self.metrics.refund_waits(postponed) {
            error!(alarm, %refund_id, %account, "{words}; the refund waits, and is sent again by itself");
        }
        NextRefundStep { due_at: Some(next_try(refund, Some(postponed), now)), refused_certificate, ..step(now, now, Some(words)) }
    }

    /// What is next for a refund of whose request nothing is known.
    pub(super) fn unknown(&self, refund: &Refund, error: &GatewayError, now: Timestamp) -> NextRefundStep {
        step(next_try(refund, None, now), now, Some(error.to_string()))
    }

    /// Plans the next step of a refund whose lease is held until `until`.
    pub(super) async fn plan_refund(
        &self,
        refund: &Refund,
        until: Timestamp,
        next: NextRefundStep,
        origin: Origin,
    ) -> Result<(), StoreError> {
        let kind = if refund.is_accepted() { EventKind::RefundLooked } else { EventKind::RefundPostponed };
        let detail = format!("{}: {}", refund.refund_id, next.detail.as_deref().unwrap_or("on its way"));
        let event = Event { detail: Some(detail), ..self.event(&refund.order_id, kind, origin) };
        self.store.plan_refund(refund, until, next, event).await
    }
}

fn step(due_at: Timestamp, sent_at: Timestamp, detail: Option<String>) -> NextRefundStep {
    NextRefundStep { due_at: Some(due_at), sent_at: Some(sent_at), detail, refused_certificate: None }
}
