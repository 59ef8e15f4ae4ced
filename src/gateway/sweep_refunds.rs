//! Following every undecided refund until WeChat has decided it: one that was not accepted is sent again, one that was is asked about.
//! And deals of which WeChat told that others gave something back are asked for their refunds.

use chrono::TimeDelta;
use tracing::{debug, error};

use crate::deal::{AccountId, Deal, Refund, Timestamp};
use crate::store::{NextRefundStep, Origin, StoreError};

use super::follow::{Calls, DueItems, Followed};
use super::refund_schedule::next_look;
use super::send_refund::Sending;
use super::{Gateway, GatewayError};

/// How long a step is taken for: longer than its calls can take.
const LEASE: TimeDelta = TimeDelta::seconds(20);

/// The undecided refunds, as the follower's driver sees them.
pub(super) struct UndecidedRefunds<'a>(pub &'a Gateway);

impl UndecidedRefunds<'_> {
    /// `None`: it is stored how it stands.
    async fn try_step(&self, refund: &Refund, now: Timestamp, calls: &Calls) -> Result<Option<NextRefundStep>, GatewayError> {
        let gateway = self.0;
        let Some(accepted_at) = refund.accepted_at.filter(|_| refund.is_accepted()) else {
            let sending = Sending::Again(refund.sent_at.unwrap_or(refund.created_at).max(refund.created_at));
            // Its lease, as it was acquired.
            let leased = Refund { due_at: Some(now + LEASE), ..refund.clone() };
            return gateway.send_refund(&leased, Origin::Sweeper, sending, calls, now).await;
        };
        gateway.inquire_refund(&refund.route(), &refund.refund_id, Origin::Sweeper, calls).await?;
        // Of one that is decided now this changes nothing.
        let due_at = next_look(accepted_at, now);
        if due_at.is_none() {
            gateway.metrics.refund_overdue();
            error!(
                alarm = "refund_overdue", refund_id = %refund.refund_id, account = %refund.account,
                "WeChat has not decided a refund for a week; from now on it is asked about on demand only: ask WeChat's support"
            );
        }
        Ok(Some(NextRefundStep { due_at, sent_at: None, detail: None, refused_certificate: None }))
    }
}

impl Followed for UndecidedRefunds<'_> {
    type Item = Refund;
    type Step = Option<NextRefundStep>;

    async fn due(&self, now: Timestamp, limit: u32, but_of: &[AccountId]) -> Result<DueItems<Refund>, StoreError> {
        let due = self.0.store.due_refunds(now, limit, but_of).await?;
        let items = due.refunds.into_iter().filter(|refund| self.0.has_account(&refund.account)).collect();
        Ok(DueItems { items, is_cut: due.is_cut })
    }

    fn due_at(&self, refund: &Refund) -> Option<Timestamp> {
        refund.due_at
    }

    fn account<'a>(&self, refund: &'a Refund) -> &'a AccountId {
        &refund.account
    }

    fn terms(&self, _refund: &Refund) -> (u32, TimeDelta) {
        (1, LEASE)
    }

    async fn acquire(&self, refund: &Refund, until: Timestamp) -> bool {
        self.0.store.take_refund(refund, until).await.unwrap_or_else(|error| {
            debug!(refund_id = %refund.refund_id, %error, "a refund could not be taken");
            false
        })
    }

    async fn step(&self, refund: &Refund, now: Timestamp, calls: &Calls) -> Option<NextRefundStep> {
        let step = self.try_step(refund, now, calls).await;
        self.0.metrics.looked(&refund.account, calls.count());
        step.unwrap_or_else(|error| {
            debug!(refund_id = %refund.refund_id, %error, "a refund is not decided");
            Some(match refund.accepted_at {
                Some(accepted_at) if refund.is_accepted() => NextRefundStep {
                    due_at: next_look(accepted_at, now),
                    sent_at: None,
                    detail: Some(error.to_string()),
                    refused_certificate: None,
                },
                _ => self.0.unknown(refund, &error, now),
            })
        })
    }

    async fn plan(&self, refund: &Refund, until: Timestamp, step: Option<NextRefundStep>) {
        let Some(next) = step else { return };
        if let Err(error) = self.0.plan_refund(refund, until, next, Origin::Sweeper).await {
            debug!(refund_id = %refund.refund_id, %error, "a refund's next step could not be planned; it is due when the lease is over");
        }
    }
}

/// The deals whose refunds WeChat is to be asked for.
pub(super) struct UnknownRefunds<'a>(pub &'a Gateway);

impl Followed for UnknownRefunds<'_> {
    type Item = Deal;
    type Step = Option<Timestamp>;

    async fn due(&self, now: Timestamp, limit: u32, but_of: &[AccountId]) -> Result<DueItems<Deal>, StoreError> {
        let due = self.0.store.due_lists(now, limit, but_of).await?;
        let items = due.deals.into_iter().filter(|deal| self.0.has_account(&deal.account)).collect();
        Ok(DueItems { items, is_cut: due.is_cut })
    }

    fn due_at(&self, deal: &Deal) -> Option<Timestamp> {
        deal.refunded.list_due_at
    }

    fn account<'a>(&self, deal: &'a Deal) -> &'a AccountId {
        &deal.account
    }

    fn terms(&self, _deal: &Deal) -> (u32, TimeDelta) {
        (1, LEASE)
    }

    async fn acquire(&self, deal: &Deal, until: Timestamp) -> bool {
        let Some(from) = deal.refunded.list_due_at else { return false };
        self.0.store.move_list(deal, from, Some(until)).await.unwrap_or_else(|error| {
            debug!(order_id = %deal.order_id, %error, "a deal's refunds could not be asked for");
            false
        })
    }

    /// Until WeChat lists one: its query may lag behind what it says of the order.
    async fn step(&self, deal: &Deal, now: Timestamp, calls: &Calls) -> Option<Timestamp> {
        let heard = self.0.inquire_refunds(&deal.route(), Origin::Sweeper, calls).await;
        self.0.metrics.looked(&deal.account, calls.count());
        match heard {
            Ok(heard) if heard > 0 => None,
            Ok(_) => next_look(deal.refunded_at.unwrap_or(now), now),
            Err(error) => {
                debug!(order_id = %deal.order_id, %error, "which refunds a deal has is not known");
                next_look(deal.refunded_at.unwrap_or(now), now)
            }
        }
    }

    async fn plan(&self, deal: &Deal, until: Timestamp, next: Option<Timestamp>) {
        if let Err(error) = self.0.store.move_list(deal, until, next).await {
            debug!(order_id = %deal.order_id, %error, "a deal's refunds are asked for again when the lease is over");
        }
    }
}
