//! Following every undecided deal until it is decided, without a caller asking: a payment whose notification was lost is
//! found here at the latest, and a deal whose time is over is given up here.
//! How passes share the work is told in [`follow`](super::follow).

use std::sync::atomic::{AtomicI64, Ordering};

use chrono::TimeDelta;
use tracing::{Instrument, debug, info, info_span, warn};

use crate::deal::{AccountId, Deal, Timestamp};
use crate::store::{Event, EventKind, FOLLOWED, Origin, StoreError, Unclaimed};

use super::expire::GivenUp;
use super::follow::{Both, Calls, DueItems, Followed, Swept};
use super::sweep_refunds::{UndecidedRefunds, UnknownRefunds};
use super::{Gateway, GatewayError};

/// How long a look is taken for: longer than its one call can take, and than the calls of giving up.
const LEASE: TimeDelta = TimeDelta::seconds(20);
const LEASE_TO_GIVE_UP: TimeDelta = TimeDelta::seconds(60);
/// Rows that another program has decided, and that are taken off the line in one pass.
const DECIDED: u32 = 1000;
/// What is set aside for a look, which asks once, and for giving a deal up, which asks, closes and asks again; one that WeChat
/// does not know is asked about three times more, for which the next pass pays.
const LOOK_COSTS: u32 = 1;
const GIVING_UP_COSTS: u32 = 4;
/// Rows a pass among which those are that the original inserts while both run.
const UNCLAIMED: u32 = 200;
/// The same of those that are older than these.
const WALKED: u32 = 1000;

/// What is carried over from pass to pass: up to which row the walk through the older rows that are none of record has come.
#[derive(Debug, Default)]
pub struct Claimed(AtomicI64);

/// A deal whose look is due.
struct Due {
    deal: Deal,
    /// It is one way of a checkout that is paid or given up, so nobody is to pay it.
    is_unwanted: bool,
    to_do: ToDo,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ToDo {
    /// WeChat is asked.
    Ask,
    /// Its time is over: it is given up, unless it was paid.
    GiveUp,
    /// It is taken off the line: too old to be followed, or not WeChat's.
    Forget,
}

/// What WeChat said about a deal.
struct Look {
    said: &'static str,
    is_known: bool,
}

/// When a deal is due next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    /// Then.
    At(Timestamp),
    /// Never: it is decided, or given up.
    Done,
}

/// What became of a deal in one step.
#[derive(Debug)]
struct Step {
    /// When it is due next, unless the step has decided it.
    next: Next,
    /// What the journal says of it.
    said: String,
}

/// The undecided deals, as the follower's driver sees them.
struct UndecidedDeals<'a>(&'a Gateway);

impl Gateway {
    /// One pass: the looks that are due, for at most so many calls to WeChat through each account.
    ///
    /// # Errors
    /// The store could not tell what is due.
    pub async fn sweep_once(&self, calls: u32) -> Result<Swept, StoreError> {
        let outcome = self.try_sweep_once(calls).await;
        self.metrics.swept(&outcome, calls, self.clock.now());
        outcome
    }

    async fn try_sweep_once(&self, calls: u32) -> Result<Swept, StoreError> {
        let now = self.database_now().await?;
        self.tidy_line(now).await;
        let undecided = Both(UndecidedDeals(self), Both(UndecidedRefunds(self), UnknownRefunds(self)));
        self.follower.pass(&undecided, now, calls, self.accounts.count()).await
    }

    /// Rows that another program has inserted get into the line, and rows that it has decided out of it. That program may
    /// hold a lock on one of them: the pass goes on all the same.
    async fn tidy_line(&self, now: Timestamp) {
        let claimed = self.claim_unclaimed().await;
        let forgotten = self.store.forget_decided(now, DECIDED).await;
        if let Err(error) = claimed.and(forgotten) {
            self.metrics.line_left_untidy();
            warn!(%error, "rows of another program could not be claimed or forgotten at this pass");
        }
    }

    /// No number has only new rows behind it: the nodes of a cluster give them in steps, each its own, and a row may be committed long
    /// after others with higher ones. So no place is kept but in a walk through those that are many: numbers that the original repeated.
    async fn claim_unclaimed(&self) -> Result<(), StoreError> {
        if self.store.claim_unclaimed(Unclaimed::Newest, UNCLAIMED).await?.is_some() {
            let Claimed(walked) = &self.claimed;
            let last = self.store.claim_unclaimed(Unclaimed::Above(walked.load(Ordering::Relaxed)), WALKED).await?;
            walked.store(last.unwrap_or_default(), Ordering::Relaxed);
        }
        Ok(())
    }

    fn to_do(&self, deal: &Deal, is_unwanted: bool, now: Timestamp) -> ToDo {
        let is_old = deal.prepay.request.is_none() && self.surely_now().min(now) - deal.created_at > FOLLOWED;
        if is_old || !deal.mode.is_wechat() {
            ToDo::Forget
        } else if self.is_over(deal, now) || (is_unwanted && self.may_be_closed(deal, now)) {
            ToDo::GiveUp
        } else {
            ToDo::Ask
        }
    }

    /// What WeChat says about a deal, after it was acted upon.
    async fn look(&self, Due { deal, to_do, .. }: &Due, calls: &Calls) -> Result<Look, GatewayError> {
        if *to_do != ToDo::GiveUp {
            calls.add_one();
            let told = self.inquire(&deal.route(), Origin::Sweeper).await?;
            return Ok(Look { said: told.state.as_str(), is_known: told.is_known });
        }
        Ok(match self.expire(deal, Origin::Sweeper, calls).await? {
            GivenUp::Closed => Look { said: "CLOSED", is_known: true },
            GivenUp::Unknown => Look { said: "ORDERNOTEXIST", is_known: false },
            GivenUp::Paid => {
                info!("the sweeper found it paid");
                Look { said: "SUCCESS", is_known: true }
            }
        })
    }

    /// Whether a deal is to be given up: its time is over by both clocks, and they agree.
    fn is_over(&self, deal: &Deal, now: Timestamp) -> bool {
        self.clocks_agree() && deal.payable_until() <= now.min(self.clock.now())
    }

    /// Whether WeChat closes its order: it is as old as that takes, by both clocks.
    fn may_be_closed(&self, deal: &Deal, now: Timestamp) -> bool {
        self.clocks_agree() && deal.created_at + self.terms.close_min_age <= now.min(self.clock.now())
    }

    /// The next look at a deal that nobody is to pay: as soon as it may be closed.
    fn next_look_at_unwanted(&self, deal: &Deal, now: Timestamp) -> Timestamp {
        let planned = self.next_look(deal, now);
        // By the database's clock, and a second for what is cut off.
        let closable = deal.created_at + self.terms.close_min_age + self.skew() + TimeDelta::seconds(1);
        if closable > now { planned.min(closable) } else { planned }
    }

    /// The next look by the schedule, up to a tenth of the pause earlier, so that deals opened together spread out.
    fn next_look(&self, deal: &Deal, now: Timestamp) -> Timestamp {
        let planned = self.terms.schedule.next(deal.opened_at(now), deal.payable_until(), now);
        let slack = (planned - now).num_seconds() / 10;
        let earlier = i64::try_from(self.chance.draw() % u128::from(slack.unsigned_abs() + 1)).unwrap_or(0);
        planned - TimeDelta::seconds(earlier)
    }
}

impl Followed for UndecidedDeals<'_> {
    type Item = Due;
    type Step = Step;

    async fn due(&self, now: Timestamp, limit: u32, but_of: &[AccountId]) -> Result<DueItems<Due>, StoreError> {
        let ask = |but_of: Vec<AccountId>| async move {
            let due = self.0.store.due(now, limit, &but_of).await?;
            Ok(DueItems { items: due.deals, is_cut: due.is_cut })
        };
        let DueItems { items, is_cut } = self.0.due_of_present_accounts(but_of, |deal: &Deal| &deal.account, ask).await?;
        let settled = self.0.settled_checkouts(items.iter()).await?;
        let due = |deal: Deal| {
            let is_unwanted = deal.checkout_id.as_ref().is_some_and(|checkout_id| settled.contains(checkout_id));
            Due { to_do: self.0.to_do(&deal, is_unwanted, now), is_unwanted, deal }
        };
        Ok(DueItems { items: items.into_iter().map(due).collect(), is_cut })
    }

    fn due_at(&self, due: &Due) -> Option<Timestamp> {
        due.deal.due_at
    }

    fn account<'a>(&self, due: &'a Due) -> &'a AccountId {
        &due.deal.account
    }

    fn terms(&self, due: &Due) -> (u32, TimeDelta) {
        match due.to_do {
            ToDo::GiveUp => (GIVING_UP_COSTS, LEASE_TO_GIVE_UP),
            ToDo::Ask | ToDo::Forget => (LOOK_COSTS, LEASE),
        }
    }

    async fn acquire(&self, Due { deal, to_do, .. }: &Due, until: Timestamp) -> bool {
        let acquired = match to_do {
            ToDo::Forget => self.0.store.forget_look(deal).await.map(|()| false),
            ToDo::Ask | ToDo::GiveUp => self.0.store.take_look(deal, until).await,
        };
        acquired.unwrap_or_else(|error| {
            debug!(order_id = %deal.order_id, %error, "a look could not be taken");
            false
        })
    }

    async fn step(&self, due: &Due, now: Timestamp, calls: &Calls) -> Step {
        let deal = &due.deal;
        let looked = async { self.0.look(due, calls).await.inspect_err(|error| debug!(%error, "a look did not decide")) };
        let outcome = looked.instrument(info_span!("look", order_id = %deal.order_id, account = deal.account.column())).await;
        self.0.metrics.looked(&deal.account, calls.count());
        let next = match &outcome {
            Ok(Look { is_known: false, .. }) if now >= deal.payable_until() && !may_be_never_ordered(deal) => {
                self.0.terms.schedule.next_of_unknown(deal.opened_at(now), now).map_or(Next::Done, Next::At)
            }
            _ if due.is_unwanted => Next::At(self.0.next_look_at_unwanted(deal, now)),
            _ => Next::At(self.0.next_look(deal, now)),
        };
        Step { next, said: outcome.map_or_else(|error| error.to_string(), |look| look.said.to_owned()) }
    }

    async fn plan(&self, Due { deal, .. }: &Due, until: Timestamp, step: Step) {
        let order_id = &deal.order_id;
        let next = match step.next {
            Next::At(time) => Some(time),
            Next::Done => {
                warn!(%order_id, "WeChat has not known this order for weeks; from now on it is asked about on demand only");
                None
            }
        };
        let event = Event { detail: Some(step.said), ..self.0.event(order_id, EventKind::Looked, Origin::Sweeper) };
        // Of a deal that was decided meanwhile this changes nothing, and writes no event.
        if let Err(error) = self.0.store.plan_look(deal, until, next, event).await {
            debug!(%order_id, %error, "the next look could not be planned; it is due when the lease is over");
        }
    }
}

/// Whether it is of ours and never had a link: once no request for one is under way, it is given up as never ordered.
fn may_be_never_ordered(deal: &Deal) -> bool {
    deal.prepay.request.is_some() && deal.prepay.ticket.is_none()
}
