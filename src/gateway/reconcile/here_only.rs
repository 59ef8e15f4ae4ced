//! The other way round: what our books have of a day and its bill has not. What lies across midnight is found here too, and WeChat's
//! answer about it explains it.

use chrono::TimeDelta;

use crate::channel::Kinds;
use crate::deal::Day;

use super::ReconcileError;
use super::comparison::Comparison;
use super::lease::Lease;
use super::missed::{of_deal, of_refund};

/// Rows of one question.
const PAGE: u32 = 500;

impl Comparison<'_> {
    /// Looks for what was paid and what was accepted from the first day to the last, both counted, and was not met; as far as a bill of
    /// these kinds could have it.
    pub(super) async fn look_for_missing(
        &mut self,
        first: Day,
        last: Day,
        kinds: Kinds,
        lease: &mut Option<&mut Lease<'_>>,
    ) -> Result<(), ReconcileError> {
        let (store, from, until) = (&self.gateway.store, first.begins(), last.next().begins());
        let mut behind = None;
        while kinds.payments {
            let deals = store.paid_on(self.account, from, until, behind, PAGE).await?;
            let Some(end) = deals.last() else { break };
            behind = Some((end.paid_at.unwrap_or(until - TimeDelta::seconds(1)), end.id));
            for deal in deals.iter().filter(|deal| !self.met_deals.has(deal.id)) {
                self.found.add(of_deal(deal));
            }
            if let Some(lease) = lease {
                lease.keep().await?;
            }
        }
        let mut behind = None;
        while kinds.refunds {
            let refunds = store.accepted_on(self.account, from, until, behind, PAGE).await?;
            let Some(end) = refunds.last() else { break };
            behind = Some((end.accepted_at.unwrap_or(until - TimeDelta::seconds(1)), end.id));
            for refund in refunds.iter().filter(|refund| !self.met_refunds.has(refund.id)) {
                self.found.add(of_refund(refund));
            }
            if let Some(lease) = lease {
                lease.keep().await?;
            }
        }
        Ok(())
    }
}
