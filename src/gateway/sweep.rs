//! Following every undecided deal until it is decided, without anybody asking: a payment whose notification was lost is
//! found here at the latest, and a deal whose time is over is given up here.
//!
//! The next look is a column of the row, by the database's clock, which all instances share. An instance that looks moves it
//! ahead by a lease first, with one conditional statement, so several share the work; one that dies leaves looks that come
//! due again when the lease is over; and two at once would do no harm, for every write is guarded by itself.
//!
//! What is lost is found within a bound, under any load: the pause between two looks, a lease that a dead instance has taken
//! with it, and the time that the budget takes for twice the calls of the deals that came due before (`pace`).

use std::collections::VecDeque;
use std::sync::atomic::{AtomicI64, Ordering};

use chrono::TimeDelta;
use futures_util::future::join_all;
use tracing::{Instrument, debug, info, info_span, warn};

use crate::deal::{Deal, Timestamp};
use crate::store::{Event, EventKind, FOLLOWED, Origin, StoreError};

use super::close_order::{Calls, GivenUp};
use super::pace::{Chosen, Pace};
use super::{Gateway, GatewayError};

/// How long a look is taken for: longer than its one call can take, and than the calls of giving up.
const LEASE: TimeDelta = TimeDelta::seconds(20);
const LEASE_TO_GIVE_UP: TimeDelta = TimeDelta::seconds(60);
/// Deals read for one pass from each end of the line.
const BATCH: u32 = 1000;
/// Rows that another program has decided, and that are taken off the line in one pass.
const DECIDED: u32 = 1000;
/// What is set aside for a look, which asks once, and for giving a deal up, which asks, closes and asks again; one that WeChat
/// does not know is asked about three times more, for which the next pass pays.
const LOOK_COSTS: u32 = 1;
const GIVING_UP_COSTS: u32 = 4;
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

/// What is carried over from pass to pass.
#[derive(Debug, Default)]
pub struct Sweeping {
    /// Up to which row the original's inserts have been claimed.
    claimed: AtomicI64,
    pace: Pace,
}

/// A look that is this instance's.
struct Taken {
    chosen: Chosen,
    /// Whether the deal is to be given up.
    is_over: bool,
    until: Timestamp,
}

/// What WeChat said about a deal.
struct Look {
    said: String,
    is_known: bool,
}

impl Gateway {
    /// One pass: the looks that are due, for at most so many calls to WeChat.
    pub async fn sweep_once(&self, calls: u32) -> Result<Swept, StoreError> {
        let outcome = self.try_sweep_once(calls).await;
        self.metrics.swept(&outcome, calls, self.clock.now());
        outcome
    }

    async fn try_sweep_once(&self, calls: u32) -> Result<Swept, StoreError> {
        let now = self.database_now().await?;
        let claimed = &self.sweeping.claimed;
        let last = self.store.claim_strays(claimed.load(Ordering::Relaxed).saturating_sub(LATECOMERS), STRAYS).await?;
        claimed.fetch_max(last, Ordering::Relaxed);
        self.store.forget_decided(now, DECIDED).await?;
        let due = self.store.due(now, BATCH.min(calls)).await?;
        let read = due.len();
        let mine = self.take_looks(due.into(), calls, now).await;
        let looked = u32::try_from(mine.len()).unwrap_or(u32::MAX);
        let calls = join_all(mine.into_iter().map(|taken| self.look_after(taken, now))).await;
        Ok(Swept { due: read, looked, calls: calls.into_iter().sum() })
    }

    /// Takes as many looks as there are calls for. Those that another instance has taken meanwhile cost nothing.
    async fn take_looks(&self, mut line: VecDeque<Deal>, calls: u32, now: Timestamp) -> Vec<Taken> {
        let pace = &self.sweeping.pace;
        pace.refill(calls);
        let mut mine = Vec::new();
        loop {
            let chosen = pace.choose(&mut line, |deal| if self.is_over(deal, now) { GIVING_UP_COSTS } else { LOOK_COSTS });
            if chosen.is_empty() {
                return mine;
            }
            let taken = join_all(chosen.iter().map(|chosen| self.take_look(&chosen.deal, now))).await;
            for (chosen, taken) in chosen.into_iter().zip(taken) {
                match taken {
                    Some((is_over, until)) => mine.push(Taken { chosen, is_over, until }),
                    None => pace.give_back(&chosen),
                }
            }
        }
    }

    /// Takes the look at a deal, unless nobody has to look at it any more: whether it is to be given up, and until when it is
    /// this instance's.
    async fn take_look(&self, deal: &Deal, now: Timestamp) -> Option<(bool, Timestamp)> {
        let is_over = self.is_over(deal, now);
        let until = now + if is_over { LEASE_TO_GIVE_UP } else { LEASE };
        let is_old = deal.prepay.request.is_none() && self.surely_now().min(now) - deal.created_at > FOLLOWED;
        let taken = if is_old || !deal.mode.is_wechat() {
            self.store.forget_look(deal).await.map(|()| false)
        } else {
            self.store.take_look(deal, until).await
        };
        let taken = taken.unwrap_or_else(|error| {
            debug!(order_id = %deal.order_id, %error, "a look could not be taken");
            false
        });
        taken.then_some((is_over, until))
    }

    /// Looks at one deal, and gives the calls that were made for it. Whatever goes wrong leaves it due again.
    async fn look_after(&self, taken: Taken, now: Timestamp) -> u32 {
        let (deal, calls) = (&taken.chosen.deal, Calls::default());
        let span = info_span!("look", order_id = %deal.order_id);
        match self.try_look_after(&taken, now, &calls).instrument(span).await {
            Ok(()) => {}
            Err(GatewayError::OrderPaid(order_id)) => info!(%order_id, "the sweeper found it paid"),
            Err(error) => debug!(order_id = %deal.order_id, %error, "a look did not decide"),
        }
        self.sweeping.pace.settle(&taken.chosen, calls.count());
        calls.count()
    }

    async fn try_look_after(&self, taken: &Taken, now: Timestamp, calls: &Calls) -> Result<(), GatewayError> {
        let deal = &taken.chosen.deal;
        let outcome = if taken.is_over {
            self.give_up(deal, Origin::Sweeper, calls).await.map(|given_up| match given_up {
                GivenUp::Dead => Look { said: "CLOSED".to_owned(), is_known: true },
                GivenUp::NotKnown => Look { said: "ORDERNOTEXIST".to_owned(), is_known: false },
            })
        } else {
            calls.add_one();
            let told = self.ask_and_decide(&deal.order_id, Origin::Sweeper).await;
            told.map(|told| Look { said: told.state.as_str().to_owned(), is_known: told.known })
        };
        let next = match &outcome {
            Ok(Look { is_known: false, .. }) if now >= deal.payable_until() && !may_be_never_ordered(deal) => {
                self.terms.schedule.next_of_unknown(deal.opened_at(now), now)
            }
            _ => Some(self.next_look(deal, now)),
        };
        let detail = match &outcome {
            Ok(look) => look.said.clone(),
            Err(error) => error.to_string(),
        };
        if next.is_none() {
            warn!(order_id = %deal.order_id, "WeChat has not known this order for weeks; from now on it is asked about on demand only");
        }
        let event = Event { detail: Some(detail), ..self.event(&deal.order_id, EventKind::Looked, Origin::Sweeper) };
        // Of a deal that was decided meanwhile this changes nothing, and writes no event.
        self.store.plan_look(deal, taken.until, next, event).await?;
        outcome.map(|_| ())
    }

    /// Whether a deal is to be given up: its time is over by both clocks, and they agree.
    fn is_over(&self, deal: &Deal, now: Timestamp) -> bool {
        self.clocks_agree() && deal.payable_until() <= now.min(self.clock.now())
    }

    /// The next look by the schedule, up to a tenth of the pause earlier, so that deals opened together spread out.
    fn next_look(&self, deal: &Deal, now: Timestamp) -> Timestamp {
        let planned = self.terms.schedule.next(deal.opened_at(now), deal.payable_until(), now);
        let slack = (planned - now).num_seconds() / 10;
        let earlier = i64::try_from(self.chance.draw() % u128::from(slack.unsigned_abs() + 1)).unwrap_or(0);
        planned - TimeDelta::seconds(earlier)
    }
}

/// Whether it is of ours and never had a link: once no request for one is under way, it is given up as never ordered.
fn may_be_never_ordered(deal: &Deal) -> bool {
    deal.prepay.request.is_some() && deal.prepay.code_url.is_none()
}
