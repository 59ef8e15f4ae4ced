//! The other way round: what our books have of a day and its bill has not. What lies across midnight is found here too, and WeChat's
//! answer about it explains it.

use chrono::TimeDelta;

use crate::channel::Kinds;
use crate::deal::{Day, Timestamp};

use super::ReconcileError;
use super::comparison::Comparison;
use super::lease::Lease;
use super::missed::{of_deal, of_refund};

/// Rows of one question.
const PAGE: u32 = 500;

/// From when on, and until when.
type Range = (Timestamp, Timestamp);

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
        let range = (first.begins(), last.next().begins());
        if kinds.payments {
            self.look_for_missing_deals(range, lease).await?;
        }
        if kinds.refunds {
            self.look_for_missing_refunds(range, lease).await?;
        }
        Ok(())
    }

    /// Meets what was paid from the first day to the last and stands in the bill just so. `false`: something was paid that does not.
    /// The books are what they are when they are read here: what is stored a moment later, whose day is over, is not looked for.
    pub(super) async fn meet_deals(&mut self, first: Day, last: Day, lease: &mut Option<&mut Lease<'_>>) -> Result<bool, ReconcileError> {
        let (from, until) = (first.begins(), last.next().begins());
        let (mut behind, mut is_all) = (None, true);
        loop {
            let deals = self.gateway.store.paid_on(self.account, from, until, behind, PAGE).await?;
            let Some(end) = deals.last() else { return Ok(is_all) };
            behind = Some((end.paid_at.unwrap_or(until - TimeDelta::seconds(1)), end.id));
            for deal in &deals {
                if self.payments.meet(deal) {
                    self.met_deals.add(deal.id);
                } else {
                    is_all = false;
                }
            }
            if let Some(lease) = lease {
                lease.keep().await?;
            }
        }
    }

    async fn look_for_missing_deals(&mut self, (from, until): Range, lease: &mut Option<&mut Lease<'_>>) -> Result<(), ReconcileError> {
        let mut behind = None;
        loop {
            let deals = self.gateway.store.paid_on(self.account, from, until, behind, PAGE).await?;
            let Some(end) = deals.last() else { return Ok(()) };
            behind = Some((end.paid_at.unwrap_or(until - TimeDelta::seconds(1)), end.id));
            for deal in deals.iter().filter(|deal| !self.met_deals.has(deal.id)) {
                self.found.add(of_deal(deal));
            }
            if let Some(lease) = lease {
                lease.keep().await?;
            }
        }
    }

    async fn look_for_missing_refunds(&mut self, (from, until): Range, lease: &mut Option<&mut Lease<'_>>) -> Result<(), ReconcileError> {
        let mut behind = None;
        loop {
            let refunds = self.gateway.store.accepted_on(self.account, from, until, behind, PAGE).await?;
            let Some(end) = refunds.last() else { return Ok(()) };
            behind = Some((end.accepted_at.unwrap_or(until - TimeDelta::seconds(1)), end.id));
            for refund in refunds.iter().filter(|refund| !self.met_refunds.has(refund.id)) {
                self.found.add(of_refund(refund));
            }
            if let Some(lease) = lease {
                lease.keep().await?;
            }
        }
    }
}
