//! Following every undecided refund until WeChat has decided it: one that was not accepted is sent again, one that was is asked about.
//! And deals of which WeChat told that others gave something back are asked for their refunds.

use chrono::TimeDelta;
use tracing::{Instrument, debug, error, info_span};

use crate::deal::{AccountId, AlarmKind, Announcement, Deal, Refund, RefundSource, Timestamp};
use crate::store::{Event, EventKind, NextRefundStep, Origin, StoreError};

use super::follow::{Calls, DueItems, Followed};
use super::plan_refund::Plan;
use super::refund_schedule::{next_look, next_look_after_failure};
use super::send_refund::{Sending, detail_of};
use super::{Gateway, GatewayError};

/// How long a step is taken for: longer than its calls can take.
const LEASE: TimeDelta = TimeDelta::seconds(20);
/// What is set aside for a step, which asks once; what it asks beyond that, the next pass pays for.
const STEP_COSTS: u32 = 1;

/// The undecided refunds, as the follower's driver sees them.
pub(super) struct UndecidedRefunds<'a>(pub &'a Gateway);

impl UndecidedRefunds<'_> {
    /// Sends one that was not accepted. `None`: it is stored how it stands.
    async fn send(&self, refund: &Refund, now: Timestamp, calls: &Calls) -> Option<Plan> {
        // The lease of the caller that has stored it, where it was not sent again since.
        let earlier = refund.sent_at.or(refund.due_at).unwrap_or(refund.created_at);
        let sent = self.0.send_refund(refund, now + LEASE, Origin::Sweeper, Sending::Again(earlier), calls).await;
        sent.unwrap_or_else(|error| {
            debug!(%error, "nothing is known of a refund that was sent");
            Some(self.0.unknown(refund, &error).into())
        })
    }

    /// Asks about one that was accepted, and says when it is asked about next.
    async fn ask(&self, refund: &Refund, accepted_at: Timestamp, now: Timestamp, calls: &Calls) -> NextRefundStep {
        let asked = self.0.inquire_refund(&refund.route(), &refund.refund_id, Origin::Sweeper, calls).await;
        let (due_at, detail) = match asked {
            Ok(_) => (next_look(accepted_at, now), None),
            Err(error) => {
                debug!(%error, "WeChat could not be asked about a refund");
                (Some(next_look_after_failure(accepted_at, now)), Some(detail_of(&error)))
            }
        };
        NextRefundStep { due_at, sent_at: None, detail, refused_certificate: None }
    }
}

impl Followed for UndecidedRefunds<'_> {
    type Item = Refund;
    type Step = Option<Plan>;

    async fn due(&self, now: Timestamp, limit: u32, but_of: &[AccountId]) -> Result<DueItems<Refund>, StoreError> {
        let ask = |but_of: Vec<AccountId>| async move {
            let due = self.0.store.due_refunds(now, limit, &but_of).await?;
            Ok(DueItems { items: due.refunds, is_cut: due.is_cut })
        };
        self.0.due_of_present_accounts(but_of, |refund| &refund.account, ask).await
    }

    fn due_at(&self, refund: &Refund) -> Option<Timestamp> {
        refund.due_at
    }

    fn account<'a>(&self, refund: &'a Refund) -> &'a AccountId {
        &refund.account
    }

    fn terms(&self, _refund: &Refund) -> (u32, TimeDelta) {
        (STEP_COSTS, LEASE)
    }

    async fn acquire(&self, refund: &Refund, until: Timestamp) -> bool {
        self.0.store.take_refund(refund, self.0.now_by_database(), until).await.unwrap_or_else(|error| {
            debug!(refund_id = %refund.refund_id, %error, "a refund could not be taken");
            false
        })
    }

    async fn step(&self, refund: &Refund, now: Timestamp, calls: &Calls) -> Option<Plan> {
        let step = async {
            match refund.accepted_at.filter(|_| refund.is_accepted()) {
                Some(accepted_at) => Some(self.ask(refund, accepted_at, now, calls).await.into()),
                None => self.send(refund, now, calls).await,
            }
        };
        let span = info_span!("look", order_id = %refund.order_id, account = refund.account.column(), refund_id = %refund.refund_id);
        let step = step.instrument(span).await;
        self.0.metrics.looked(&refund.account, calls.count());
        step
    }

    /// Of one that is decided now this changes nothing.
    async fn plan(&self, refund: &Refund, until: Timestamp, step: Option<Plan>) {
        let Some(plan) = step else { return };
        if let Err(error) = self.0.plan_refund(refund, until, plan, Origin::Sweeper).await {
            debug!(refund_id = %refund.refund_id, %error, "a refund's next step could not be planned; it is due when the lease is over");
        }
    }
}

/// What is next for a deal whose refunds WeChat was asked for.
pub(super) enum NextList {
    /// They are known.
    Known,
    /// It is asked again.
    At(Timestamp),
    /// A week is over, and an operator is told.
    GivenUp,
}

/// The deals whose refunds WeChat is to be asked for.
pub(super) struct UnknownRefunds<'a>(pub &'a Gateway);

impl UnknownRefunds<'_> {
    /// Stores the refunds that WeChat lists. `false`: it is to list one that others made, for it says that something was given back, and
    /// has not yet; its query may lag behind.
    async fn try_list(&self, deal: &Deal, calls: &Calls) -> Result<bool, GatewayError> {
        self.0.inquire_refunds(&deal.route(), Origin::Sweeper, calls).await?;
        // After a refusal of ours one look tells whether others had given something back.
        if deal.refunded_at.is_none() {
            return Ok(true);
        }
        let known = self.0.store.find_refunds(&deal.order_id).await?;
        Ok(known.iter().any(|refund| refund.source == RefundSource::Platform))
    }

    /// What is next after a look that did not tell.
    fn next_list(deal: &Deal, now: Timestamp, has_failed: bool) -> NextList {
        let since = deal.refunded_at.or(deal.refunded.last_at).unwrap_or(now);
        match next_look(since, now) {
            None => NextList::GivenUp,
            Some(_) if has_failed => NextList::At(next_look_after_failure(since, now)),
            Some(next) => NextList::At(next),
        }
    }

    async fn give_up(&self, deal: &Deal, until: Timestamp) -> Result<(), StoreError> {
        let Self(gateway) = self;
        let detail = "for a week it has not told which refunds others made".to_owned();
        let event = Event {
            detail: Some(detail),
            announces: vec![Announcement::AlarmRaised(AlarmKind::RefundOverdue)],
            ..gateway.event(&deal.order_id, EventKind::RefundLooked, Origin::Sweeper)
        };
        if gateway.store.give_list_up(deal, until, event).await? {
            gateway.metrics.raised(AlarmKind::RefundOverdue);
            error!(
                alarm = "refund_overdue", order_id = %deal.order_id, account = %deal.account,
                "for a week WeChat has not told which refunds of an order others made; it is asked no more: look in 商户平台"
            );
        }
        Ok(())
    }
}

impl Followed for UnknownRefunds<'_> {
    type Item = Deal;
    type Step = NextList;

    async fn due(&self, now: Timestamp, limit: u32, but_of: &[AccountId]) -> Result<DueItems<Deal>, StoreError> {
        let ask = |but_of: Vec<AccountId>| async move {
            let due = self.0.store.due_lists(now, limit, &but_of).await?;
            Ok(DueItems { items: due.deals, is_cut: due.is_cut })
        };
        self.0.due_of_present_accounts(but_of, |deal| &deal.account, ask).await
    }

    fn due_at(&self, deal: &Deal) -> Option<Timestamp> {
        deal.refunded.list_due_at
    }

    fn account<'a>(&self, deal: &'a Deal) -> &'a AccountId {
        &deal.account
    }

    fn terms(&self, _deal: &Deal) -> (u32, TimeDelta) {
        (STEP_COSTS, LEASE)
    }

    async fn acquire(&self, deal: &Deal, until: Timestamp) -> bool {
        let Some(from) = deal.refunded.list_due_at else { return false };
        self.0.store.move_list(deal, from, Some(until)).await.unwrap_or_else(|error| {
            debug!(order_id = %deal.order_id, %error, "a deal's refunds could not be asked for");
            false
        })
    }

    async fn step(&self, deal: &Deal, now: Timestamp, calls: &Calls) -> NextList {
        let span = info_span!("look", order_id = %deal.order_id, account = deal.account.column());
        let listed = self.try_list(deal, calls).instrument(span).await;
        self.0.metrics.looked(&deal.account, calls.count());
        match listed {
            Ok(true) => NextList::Known,
            Ok(false) => Self::next_list(deal, now, false),
            Err(error) => {
                debug!(order_id = %deal.order_id, %error, "which refunds a deal has is not known");
                Self::next_list(deal, now, true)
            }
        }
    }

    async fn plan(&self, deal: &Deal, until: Timestamp, next: NextList) {
        let planned = match next {
            NextList::Known => self.0.store.move_list(deal, until, None).await.map(drop),
            NextList::At(time) => self.0.store.move_list(deal, until, Some(time)).await.map(drop),
            NextList::GivenUp => self.give_up(deal, until).await,
        };
        if let Err(error) = planned {
            debug!(order_id = %deal.order_id, %error, "a deal's refunds are asked for again when the lease is over");
        }
    }
}
