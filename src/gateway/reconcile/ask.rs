//! Asking WeChat about what differs: one question each, of what payers leave of the account's budget. What its signed answer proves goes
//! through the doors to Paid and Refunded; what the bill says goes nowhere.

use std::time::Duration;

use tracing::{Instrument, debug, info_span};

use crate::deal::{AccountId, Deal, DifferenceKind, DifferenceState, Finding, Found, OrderId, RefundId};
use crate::store::Origin;

use super::super::{Gateway, GatewayError};
use super::ReconcileError;
use super::found::FoundList;
use super::lease::Lease;

/// Between two looks whether payers leave a call, and how often it is looked.
const PAUSE: Duration = Duration::from_millis(100);
const LOOKS: u32 = 300;
/// After so many questions in a row without an answer WeChat is taken for away.
const SILENT: u32 = 3;

/// What became of a difference, and why.
pub type Verdict = (DifferenceState, Finding);

/// What came of a question.
enum Answer {
    Verdict(Verdict),
    /// WeChat did not say, and may say later.
    Silence,
    /// It cannot be asked: what is named is not there.
    None,
}

impl Gateway {
    /// Asks about each difference that WeChat can say something of. `false`: about some of them it did not.
    pub(super) async fn ask_about_differences(
        &self,
        found: &mut FoundList,
        mut lease: Option<&mut Lease<'_>>,
    ) -> Result<bool, ReconcileError> {
        let (mut silent, mut is_complete) = (0, found.lists_all_to_ask());
        for found in found.askable() {
            let answer = if silent < SILENT { self.answer_about(found).await? } else { Answer::Silence };
            (found.state, found.finding) = match answer {
                Answer::Verdict((state, finding)) => (state, Some(finding)),
                Answer::Silence => (DifferenceState::Open, Some(Finding::Unanswered)),
                Answer::None => (DifferenceState::Open, None),
            };
            silent = if matches!(answer, Answer::Silence) { silent + 1 } else { 0 };
            is_complete &= silent == 0;
            if let Some(lease) = &mut lease {
                lease.keep().await?;
            }
        }
        Ok(is_complete)
    }

    async fn answer_about(&self, found: &Found) -> Result<Answer, ReconcileError> {
        let Some(order_id) = self.order_of(found).await? else { return Ok(Answer::None) };
        let span = info_span!("difference", %order_id, kind = found.kind.as_str());
        match self.verdict_about(&order_id, found).instrument(span).await {
            Ok(verdict) => Ok(Answer::Verdict(verdict)),
            Err(GatewayError::Store(error)) => Err(error.into()),
            Err(error @ (GatewayError::Upstream(..) | GatewayError::Refused(..) | GatewayError::Busy)) => {
                debug!(%error, "WeChat did not answer about a difference");
                Ok(Answer::Silence)
            }
            Err(error) => {
                debug!(%error, "WeChat cannot be asked about a difference");
                Ok(Answer::None)
            }
        }
    }

    /// The order to ask about. Of a refund that is known here it is the one that our books have, whatever the bill says.
    async fn order_of(&self, found: &Found) -> Result<Option<OrderId>, ReconcileError> {
        let refund_id = found.refund_id.as_ref().filter(|_| !is_of_payment(found.kind)).and_then(|id| id.parse::<RefundId>().ok());
        if let Some(refund_id) = refund_id
            && let Some(refund) = self.store.find_refund(&refund_id).await?
        {
            return Ok(Some(refund.order_id));
        }
        Ok(found.order_id.as_ref().and_then(|id| id.parse().ok()))
    }

    async fn verdict_about(&self, order_id: &OrderId, found: &Found) -> Result<Verdict, GatewayError> {
        let deal = self.store.find_to_finish(order_id).await?.ok_or(GatewayError::NotFound)?;
        let theirs = found.transaction_id.as_deref().unwrap_or_default();
        if is_of_payment(found.kind) && self.goes_back(order_id, theirs).await? {
            return Ok((DifferenceState::Explained, Finding::GoesBack));
        }
        self.wait_for_call(&deal.account).await?;
        if is_of_payment(found.kind) {
            self.ask_about_payment(&deal, found, theirs).await
        } else {
            self.ask_about_refund(&deal, found).await
        }
    }

    async fn ask_about_payment(&self, deal: &Deal, found: &Found, theirs: &str) -> Result<Verdict, GatewayError> {
        let inquired = match self.inquire(&deal.route(), Origin::Bill).await {
            Ok(inquired) => inquired,
            Err(GatewayError::Mismatch(_)) if self.goes_back(&deal.order_id, theirs).await? => {
                return Ok((DifferenceState::Explained, Finding::GoesBack));
            }
            Err(GatewayError::Mismatch(_)) => return Ok((DifferenceState::Open, Finding::Mismatch)),
            Err(error) => return Err(error),
        };
        if !inquired.is_known {
            return Ok((DifferenceState::Open, Finding::NotKnown));
        }
        if !inquired.state.is_paid() {
            return Ok((DifferenceState::Open, Finding::NotPaid));
        }
        let deal = self.store.find_to_finish(&deal.order_id).await?.ok_or(GatewayError::NotFound)?;
        // The bill may be wrong about the amount, too.
        let is_amount = deal.charged.map(|fee| fee.get()) == found.theirs_fee;
        Ok(match found.kind {
            DifferenceKind::PaidThereOnly if is_amount && deal.is_paid_by(theirs) == Some(true) => {
                (DifferenceState::Healed, Finding::Settled)
            }
            // It lies across midnight, or WeChat has forgotten it in its bill.
            DifferenceKind::PaidHereOnly => (DifferenceState::Explained, Finding::Confirmed),
            _ => (DifferenceState::Open, Finding::Confirmed),
        })
    }

    /// Whether a payment is a second one of its order, which a refund of ours gives back.
    async fn goes_back(&self, order_id: &OrderId, transaction_id: &str) -> Result<bool, GatewayError> {
        let refunds = self.store.find_refunds(order_id).await?;
        let is_of_it = |id: &Option<String>| id.as_deref() == Some(transaction_id);
        Ok(refunds.iter().any(|refund| refund.is_of_second_payment && refund.state.holds_amount() && is_of_it(&refund.transaction_id)))
    }

    /// Waits until payers leave a call.
    async fn wait_for_call(&self, account: &AccountId) -> Result<(), GatewayError> {
        for _ in 0..LOOKS {
            if self.live.spare_call(account, &self.clock) {
                return Ok(());
            }
            self.clock.pause(PAUSE).await;
        }
        Err(GatewayError::Busy)
    }
}

fn is_of_payment(kind: DifferenceKind) -> bool {
    match kind {
        DifferenceKind::PaidThereOnly | DifferenceKind::PaidHereOnly | DifferenceKind::Amount | DifferenceKind::SecondTransaction => true,
        DifferenceKind::UnknownOrder
        | DifferenceKind::RefundThereOnly
        | DifferenceKind::RefundHereOnly
        | DifferenceKind::RefundAmount
        | DifferenceKind::Summary => false,
    }
}
