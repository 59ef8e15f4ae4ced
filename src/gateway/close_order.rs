//! Giving an order up: asked, closed, asked again, and only then Expired (PROTOCOL.md, 6). A front end walks
//! this path when its payer gave up, the sweeper when the deal's time is over.
//!
//! A close that WeChat acknowledges proves nothing, since unknown numbers are "closed" as well; and a payer may pay
//! between any two of the steps. So the last word is always a query's.

use std::time::Duration;

use chrono::TimeDelta;
use tracing::info;

use crate::channel::{CallError, CloseOutcome, Doubt};
use crate::deal::{Deal, DealStatus, OrderId};
use crate::store::{Event, EventKind, Origin};

use super::follow::Calls;
use super::{Gateway, GatewayError};

/// After a close WeChat's own query may lag behind for a moment.
const LOOK_AGAIN: [Duration; 3] = [Duration::ZERO, Duration::from_millis(200), Duration::from_millis(600)];
/// A request for a link that was sent so long ago is not under way any more: a minute for a process that stood still, and
/// one by which the clock of the instance that sent it may be behind.
const QUIET: TimeDelta = TimeDelta::seconds(120);

/// What came of giving a deal up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum GivenUp {
    /// It cannot be paid any more.
    Dead,
    /// WeChat does not know it, which proves nothing about a deal that has, or may still get, a link.
    NotKnown,
}

impl Gateway {
    /// Closes a deal that nobody has paid. `Ok` when it cannot be paid any more, also when it could not before.
    pub async fn close_order(&self, order_id: OrderId) -> Result<(), GatewayError> {
        let deal = self.store.find(&order_id).await?.ok_or(GatewayError::NotFound)?;
        Self::is_about(&order_id);
        match deal.status {
            DealStatus::Paid => return Err(GatewayError::OrderPaid(order_id)),
            DealStatus::Expired => return Ok(()),
            DealStatus::Unpaid => {}
        }
        if !deal.mode.is_wechat() {
            return Err(GatewayError::NotWeChats(order_id));
        }
        let now = self.surely_now();
        let age = now - deal.opened_at(now);
        if age < self.terms.close_min_age {
            // Whole seconds, rounded up: who waits that long succeeds.
            let missing = (self.terms.close_min_age - age).num_milliseconds().max(0).unsigned_abs();
            return Err(GatewayError::TooEarly(Duration::from_secs(missing.div_ceil(1000))));
        }
        match self.give_up(&deal, Origin::FrontEnd, &Calls::default()).await? {
            GivenUp::Dead => Ok(()),
            GivenUp::NotKnown => Err(GatewayError::Upstream(order_id, CallError::Unknown(Doubt::Incomplete("trade_state")))),
        }
    }

    /// Makes sure that an undecided deal cannot be paid any more. [`GatewayError::OrderPaid`]: it was, and is settled.
    pub(super) async fn give_up(&self, deal: &Deal, origin: Origin, calls: &Calls) -> Result<GivenUp, GatewayError> {
        let order_id = &deal.order_id;
        if self.is_dead(order_id, origin, calls).await? {
            return Ok(GivenUp::Dead);
        }
        calls.add_one();
        let answer = match origin {
            Origin::Sweeper => self.channel.close_in_budget(order_id).await,
            _ => self.channel.close(order_id).await,
        };
        let answer = answer.map_err(|error| GatewayError::of_call(order_id, error))?;
        let said = match answer {
            CloseOutcome::Closed => "closed",
            CloseOutcome::Paid => "ORDERPAID",
            CloseOutcome::NotExist => "ORDERNOTEXIST",
        };
        self.record(Event { detail: Some(said.to_owned()), ..self.event(order_id, EventKind::Closed, origin) }, None).await;
        for pause in LOOK_AGAIN {
            self.clock.pause(pause).await;
            if self.is_dead(order_id, origin, calls).await? {
                return Ok(GivenUp::Dead);
            }
        }
        self.give_up_unordered(deal, origin, calls).await
    }

    /// Asks WeChat. `true`: it cannot be paid any more; an error when it was paid.
    async fn is_dead(&self, order_id: &OrderId, origin: Origin, calls: &Calls) -> Result<bool, GatewayError> {
        calls.add_one();
        let told = self.ask_and_decide(order_id, origin).await?;
        if told.state.is_paid() {
            return Err(GatewayError::OrderPaid(order_id.clone()));
        }
        Ok(told.state.is_dead())
    }

    /// A deal that WeChat does not know can be given up if it never answered for its link and no request is under way.
    async fn give_up_unordered(&self, deal: &Deal, origin: Origin, calls: &Calls) -> Result<GivenUp, GatewayError> {
        let order_id = &deal.order_id;
        calls.add_one();
        let told = self.ask_and_decide(order_id, origin).await?;
        if told.known {
            return Err(GatewayError::Upstream(order_id.clone(), CallError::Unknown(Doubt::Incomplete("trade_state"))));
        }
        let event = Event { detail: Some("WeChat never knew it".to_owned()), ..self.event(order_id, EventKind::Expired, origin) };
        if !self.store.mark_never_ordered(order_id, self.surely_now() - QUIET, event).await? {
            return Ok(GivenUp::NotKnown);
        }
        self.metrics.expired();
        self.live.touch(order_id);
        info!(%order_id, "expired: WeChat never knew it");
        Ok(GivenUp::Dead)
    }
}
