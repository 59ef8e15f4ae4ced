//! Sending a refund by its stored bytes, and writing down what came of it: accepted, refused for good, or to be sent again.
//!
//! A refusal gives the amount free for another refund, so it is believed only when WeChat, asked by the number in a signed query,
//! does not know it. After an earlier request whose outcome is unknown that query may lag behind: then a minute passes first.

use chrono::TimeDelta;
use tracing::{debug, info, warn};

use crate::channel::{Postponed, RefundOutcome, Refunding, Refusal};
use crate::deal::{AlarmKind, Refund, RefundState, Timestamp};
use crate::store::{Event, EventKind, NextRefundStep, Origin, StoreError, Verdict};

use super::follow::Calls;
use super::plan_refund::{Plan, alarm_of};
use super::refund_schedule::{UNMENDED, next_try};
use super::{Gateway, GatewayError};

/// How long the caller that has asked for a refund may be sending it: longer than a call and the query after a refusal take.
pub(super) const FIRST_LEASE: TimeDelta = TimeDelta::seconds(20);
/// How far a query may lag behind a request whose outcome is unknown.
const LAG: TimeDelta = TimeDelta::seconds(60);

/// Whether an earlier request of the same number may have been sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sending {
    /// None was: the row was stored just now, by the caller that sends it while its lease lasts, until then.
    First(Timestamp),
    /// One may have been, as late as this.
    Again(Timestamp),
}

impl Sending {
    /// From when on a query that does not know the refund proves that it was not accepted; `None`: at once.
    fn is_proven_from(self, now: Timestamp) -> Option<Timestamp> {
        match self {
            Self::First(lease) if now < lease => None,
            Self::First(at) | Self::Again(at) => Some(at + LAG).filter(|proven| now < *proven),
        }
    }
}

impl Gateway {
    /// Sends a refund whose lease is held until its `due_at`, and plans what is next.
    pub(super) async fn send_refund_once(&self, refund: Refund, origin: Origin) {
        let until = refund.due_at.unwrap_or(refund.created_at);
        let next = match self.send_refund(&refund, until, origin, Sending::First(until), &Calls::default()).await {
            Ok(None) => return,
            Ok(Some(next)) => next,
            Err(error) => {
                debug!(refund_id = %refund.refund_id, %error, "nothing is known of a refund that was sent");
                self.unknown(&refund, &error).into()
            }
        };
        if let Err(error) = self.plan_refund(&refund, until, next, origin).await {
            warn!(refund_id = %refund.refund_id, %error, "the next step of a refund could not be planned; it is due when the lease is over");
        }
    }

    /// Sends a refund whose lease is held until `lease` and stores what became of it; or says when it is sent again. Once the lease is
    /// over it sends nothing, and has nothing to plan.
    ///
    /// # Errors
    /// Nothing is known of its outcome.
    pub(super) async fn send_refund(
        &self,
        refund: &Refund,
        lease: Timestamp,
        origin: Origin,
        sending: Sending,
        calls: &Calls,
    ) -> Result<Option<Plan>, GatewayError> {
        let (route, refund_id) = (refund.route(), &refund.refund_id);
        let Some(request) = refund.request.clone() else { return Err(GatewayError::RefundNotFound) };
        let (remote, account) = (self.accounts.at(&route)?, self.accounts.get(&refund.account)?);
        if !account.is_request_for(&request, refund) {
            return Ok(Some(self.changed(refund)));
        }
        let shown = account.refunding();
        if self.now_by_database() >= lease {
            // An instance that stood still must not send what another one has been refused meanwhile.
            return Ok(None);
        }
        calls.add_one();
        let answer = remote.refund(refund_id, request).await;
        let is_not_taken = matches!(answer, Ok(RefundOutcome::NotNow(_)) | Err(_));
        // An earlier request may have been carried out whose reply was lost, and a query needs no client certificate.
        if is_not_taken && refund.sent_at.is_some() && matches!(self.is_known(refund, origin, calls).await, Ok(true)) {
            return Ok(None);
        }
        let refusal = match answer.map_err(|error| GatewayError::of_call(&refund.order_id, error))? {
            RefundOutcome::Accepted(proof) => {
                self.settle_refund(&proof, origin).await.map_err(|error| error.into_gateway(&refund.order_id))?;
                return Ok(None);
            }
            RefundOutcome::NotNow(postponed) => return Ok(Some(self.postponed(refund, postponed, &shown))),
            RefundOutcome::Refused(refusal) => refusal,
        };
        if self.is_known(refund, origin, calls).await? {
            return Ok(None);
        }
        let now = self.now_by_database();
        if let Some(proven) = sending.is_proven_from(now) {
            // What was refused was not carried out: in doubt is still the request before it.
            return Ok(Some(step(proven, proven - LAG, refusal.to_string()).into()));
        }
        // It counts while the lease is held only.
        let leased = Refund { due_at: Some(lease), ..refund.clone() };
        self.refuse(&leased, &refusal, origin).await?;
        Ok(None)
    }

    /// Whether WeChat, asked by its number, knows a refund; what it says is stored then.
    async fn is_known(&self, refund: &Refund, origin: Origin, calls: &Calls) -> Result<bool, GatewayError> {
        match self.inquire_refund(&refund.route(), &refund.refund_id, origin, calls).await? {
            Some(settled) => settled.map(|_| true).map_err(|error| error.into_gateway(&refund.order_id)),
            None => Ok(false),
        }
    }

    async fn refuse(&self, refund: &Refund, refusal: &Refusal, origin: Origin) -> Result<(), StoreError> {
        let words = refusal.to_string();
        let event = Event {
            detail: Some(format!("{}: {words}", refund.refund_id)),
            announces: self.announced(refund, RefundState::Failed),
            ..self.event(&refund.order_id, EventKind::RefundFailed, origin)
        };
        if self.store.settle_refund(refund, Verdict::Refused(words), event).await? {
            self.metrics.refund_failed(&refund.account);
            self.live.forget_payment(&refund.order_id);
            info!(refund_id = %refund.refund_id, refusal = %refusal, "WeChat refused a refund for good");
            self.note_not_given_back(refund, RefundState::Failed);
        }
        Ok(())
    }

    /// What is next for a refund whose row another program has changed: it may be put right.
    fn changed(&self, refund: &Refund) -> Plan {
        const WORDS: &str = "the stored request is another refund's: it is not sent";
        let is_news = refund.detail.as_deref() != Some(WORDS);
        let due_at = Some(self.now_by_database() + UNMENDED);
        let next = NextRefundStep { due_at, sent_at: None, detail: Some(WORDS.to_owned()), refused_certificate: None };
        Plan { next, alarm: is_news.then_some(AlarmKind::RefundMismatch) }
    }

    /// What is next for a refund that WeChat does not take now, with the client certificate that was `shown`.
    fn postponed(&self, refund: &Refund, postponed: Postponed, shown: &Refunding) -> Plan {
        let (now, words) = (self.now_by_database(), postponed.to_string());
        let is_news = refund.detail.as_deref() != Some(&words);
        let is_certificate = matches!(postponed, Postponed::Certificate(_));
        let fingerprint = || match shown {
            Refunding::Certified(fingerprint) => fingerprint.clone(),
            Refunding::Uncertified | Refunding::Impossible => String::new(),
        };
        // One that was renewed during the call is tried soon: what waited for it has been sent already.
        let is_renewed = is_certificate && self.accounts.get(&refund.account).is_ok_and(|account| account.refunding() != *shown);
        let next = next_try(refund, Some(postponed).filter(|_| !is_renewed), now);
        let next = NextRefundStep { refused_certificate: is_certificate.then(fingerprint), ..step(next, now, words) };
        Plan { next, alarm: alarm_of(postponed).filter(|_| is_news) }
    }

    /// What is next for a refund of whose request nothing is known.
    pub(super) fn unknown(&self, refund: &Refund, error: &GatewayError) -> NextRefundStep {
        let now = self.now_by_database();
        step(next_try(refund, None, now), now, detail_of(error))
    }
}

/// Why nothing is known of a refund, in words that may be shown: none are the database's.
pub(super) fn detail_of(error: &GatewayError) -> String {
    match error {
        GatewayError::Store(_) => "its outcome could not be stored".to_owned(),
        error => error.to_string(),
    }
}

fn step(due_at: Timestamp, sent_at: Timestamp, detail: String) -> NextRefundStep {
    NextRefundStep { due_at: Some(due_at), sent_at: Some(sent_at), detail: Some(detail), refused_certificate: None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_the_database_s_words_none_is_shown_to_a_caller() {
        let shown = detail_of(&GatewayError::Store(StoreError::WrongSchema("table till.refund".to_owned())));
        assert_eq!(shown, "its outcome could not be stored");
        assert_eq!(detail_of(&GatewayError::Busy), GatewayError::Busy.to_string());
    }

    #[test]
    fn that_wechat_does_not_know_a_refund_proves_nothing_within_a_minute_of_an_earlier_request() {
        let at = |seconds| Timestamp::UNIX_EPOCH + TimeDelta::seconds(seconds);
        assert_eq!(Sending::First(at(20)).is_proven_from(at(3)), None, "no other can have sent it");
        assert_eq!(Sending::First(at(20)).is_proven_from(at(20)), Some(at(80)), "its lease is over, and another may have");
        assert_eq!(Sending::Again(at(0)).is_proven_from(at(59)), Some(at(60)));
        assert_eq!(Sending::Again(at(0)).is_proven_from(at(60)), None);
    }
}
