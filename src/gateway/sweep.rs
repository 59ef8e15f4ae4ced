//! Following every undecided deal until it is decided, without anybody asking: a payment whose notification was lost is
//! found here at the latest, and a deal whose time is over is given up here.
//!
//! The next look is a column of the row. Who looks moves it ahead by a lease first, with one conditional statement, so
//! several instances share the work; one that dies leaves looks that come due again when the lease is over; and two at
//! once would do no harm, for every write is guarded by itself.

use std::sync::atomic::{AtomicI64, AtomicU32, Ordering};

use chrono::TimeDelta;
use futures_util::{StreamExt, stream};
use tracing::{Instrument, debug, info, info_span};

use crate::deal::{Deal, Timestamp};
use crate::store::{Event, EventKind, FOLLOWED, Origin, StoreError};

use super::{Gateway, GatewayError};

/// How long a look is taken for; longer than a look takes, unless WeChat is slow.
const LEASE: TimeDelta = TimeDelta::seconds(20);
/// Calls to WeChat under way at once.
const PARALLEL: usize = 16;
/// Deals read for one pass.
const BATCH: u32 = 256;
/// A look asks once; giving a deal up asks, closes and asks again, twice perhaps.
const LOOK_COSTS: u32 = 1;
const GIVING_UP_COSTS: u32 = 4;
/// A deal that the original opened without saying until when lives as long as WeChat's link.
const LINK_LIFE: TimeDelta = TimeDelta::hours(2);
/// Rows claimed a pass of those that the original inserts while both run.
const STRAYS: u32 = 200;
/// Rows before the last one seen that are looked at again: whoever got a lower number may have committed later.
const LATECOMERS: i64 = 50;

/// What a pass did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Swept {
    /// Deals that were due and read.
    pub due: usize,
    /// Of these, looked at by this pass.
    pub looked: u32,
    /// Calls to WeChat set aside for that.
    pub calls: u32,
}

/// Up to which row the original's inserts have been claimed.
#[derive(Debug, Default)]
pub struct Strays(AtomicI64);

impl Gateway {
    /// One pass: the looks that are due, the latest first, for at most so many calls to WeChat.
    pub async fn sweep_once(&self, calls: u32) -> Result<Swept, StoreError> {
        let outcome = self.try_sweep_once(calls).await;
        self.metrics.swept(&outcome, calls, self.clock.now());
        outcome
    }

    async fn try_sweep_once(&self, calls: u32) -> Result<Swept, StoreError> {
        let now = self.clock.now_seconds();
        let seen = self.strays.0.load(Ordering::Relaxed);
        let last = self.store.claim_strays(seen.saturating_sub(LATECOMERS), STRAYS).await?;
        self.strays.0.fetch_max(last, Ordering::Relaxed);
        let due = self.store.due(now, BATCH.min(calls)).await?;
        let (budget, looked) = (AtomicU32::new(calls), AtomicU32::new(0));
        stream::iter(&due)
            .for_each_concurrent(PARALLEL, |deal| async {
                let cost = if now < expiry(deal) { LOOK_COSTS } else { GIVING_UP_COSTS };
                // A pass may always give one deal up, however small the budget.
                let affordable = |left: u32| (left >= cost || left == calls).then(|| left.saturating_sub(cost));
                if budget.fetch_update(Ordering::Relaxed, Ordering::Relaxed, affordable).is_ok() && self.look_after(deal, now).await {
                    looked.fetch_add(1, Ordering::Relaxed);
                }
            })
            .await;
        Ok(Swept { due: due.len(), looked: looked.into_inner(), calls: calls.saturating_sub(budget.into_inner()) })
    }

    /// Looks at one deal, if nobody else does. Whatever goes wrong leaves it due again.
    async fn look_after(&self, deal: &Deal, now: Timestamp) -> bool {
        let span = info_span!("look", order_id = %deal.order_id);
        let outcome = self.try_look_after(deal, now).instrument(span).await;
        match &outcome {
            Ok(_) => {}
            Err(GatewayError::OrderPaid(order_id)) => info!(%order_id, "the sweeper found it paid"),
            Err(error) => debug!(order_id = %deal.order_id, %error, "a look did not decide"),
        }
        outcome.unwrap_or(true)
    }

    async fn try_look_after(&self, deal: &Deal, now: Timestamp) -> Result<bool, GatewayError> {
        if deal.prepay.request.is_none() && now - deal.created_at > FOLLOWED {
            self.store.forget_look(deal).await?;
            return Ok(false);
        }
        let lease = now + LEASE;
        if !self.store.take_look(deal, lease).await? {
            return Ok(false);
        }
        let outcome = if now < expiry(deal) {
            self.ask_and_decide(&deal.order_id, Origin::Sweeper).await.map(|told| told.state.as_str().to_owned())
        } else {
            self.give_up(deal, Origin::Sweeper).await.map(|()| "CLOSED".to_owned())
        };
        let detail = match &outcome {
            Ok(state) => state.clone(),
            Err(error) => error.to_string(),
        };
        let event = Event { detail: Some(detail), ..self.event(&deal.order_id, EventKind::Looked, Origin::Sweeper) };
        // Of a deal that was decided meanwhile this changes nothing, and writes no event.
        self.store.plan_look(deal, lease, self.next_look(deal, now), event).await?;
        outcome.map(|_| true)
    }

    /// The next look by the schedule, up to a tenth of the pause earlier, so that deals opened together spread out.
    fn next_look(&self, deal: &Deal, now: Timestamp) -> Timestamp {
        let planned = self.terms.schedule.next(deal.created_at, expiry(deal), now);
        let slack = (planned - now).num_seconds() / 10;
        let earlier = i64::try_from(self.chance.draw() % u128::from(slack.unsigned_abs() + 1)).unwrap_or(0);
        planned - TimeDelta::seconds(earlier)
    }
}

/// Until when a deal can be paid.
pub(super) fn expiry(deal: &Deal) -> Timestamp {
    deal.expires_at.unwrap_or(deal.created_at + LINK_LIFE)
}
