//! Giving an order up: asked, closed, asked again, and only then Expired (PROTOCOL.md, 6). A front end walks
//! this path when its payer gave up, the sweeper when the deal's time is over.
//!
//! A close that WeChat acknowledges proves nothing, since unknown numbers are "closed" as well; and a payer may pay
//! between any two of the steps. So the last word is always a query's.

use std::time::Duration;

use chrono::TimeDelta;
use tracing::info;

use crate::channel::CloseOutcome;
use crate::deal::{Announcement, Deal, Route};
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
    Closed,
    /// It was paid, and is settled.
    Paid,
    /// WeChat does not know it, which proves nothing about a deal that has, or may still get, a link.
    Unknown,
}

impl Gateway {
    /// Makes sure that an undecided deal cannot be paid any more, unless it was paid.
    pub(super) async fn expire(&self, deal: &Deal, origin: Origin, calls: &Calls) -> Result<GivenUp, GatewayError> {
        let (order_id, route) = (&deal.order_id, deal.route());
        if let Some(proved) = self.prove(&route, origin, calls).await? {
            return Ok(proved);
        }
        calls.add_one();
        let answer = self.accounts.at(&route)?.close(origin).await.map_err(|error| GatewayError::of_call(order_id, error))?;
        let said = match answer {
            CloseOutcome::Closed => "closed",
            CloseOutcome::Paid => "ORDERPAID",
            CloseOutcome::NotExist => "ORDERNOTEXIST",
        };
        self.record(Event { detail: Some(said.to_owned()), ..self.event(order_id, EventKind::Closed, origin) }, None).await;
        for pause in LOOK_AGAIN {
            self.clock.pause(pause).await;
            if let Some(proved) = self.prove(&route, origin, calls).await? {
                return Ok(proved);
            }
        }
        self.expire_unordered(&route, origin, calls).await
    }

    /// Asks WeChat. `None`: it can still be paid, or is not known.
    async fn prove(&self, route: &Route, origin: Origin, calls: &Calls) -> Result<Option<GivenUp>, GatewayError> {
        calls.add_one();
        let state = self.inquire(route, origin).await?.state;
        Ok(if state.is_paid() {
            Some(GivenUp::Paid)
        } else if state.is_dead() {
            Some(GivenUp::Closed)
        } else {
            None
        })
    }

    /// A deal that WeChat does not know can be given up if it never answered for its link and no request is under way.
    async fn expire_unordered(&self, route: &Route, origin: Origin, calls: &Calls) -> Result<GivenUp, GatewayError> {
        let order_id = route.order_id();
        calls.add_one();
        if self.inquire(route, origin).await?.is_known {
            return Err(GatewayError::LeftOpen(order_id.clone()));
        }
        let (detail, announces) = (Some("WeChat never knew it".to_owned()), vec![Announcement::DealExpired]);
        let event = Event { detail, announces, ..self.event(order_id, EventKind::Expired, origin) };
        let quiet_since = self.surely_now() - QUIET;
        let has_expired = match route.checkout_id() {
            Some(checkout_id) => self.store.mark_attempt_never_ordered(checkout_id, order_id, quiet_since, event).await?,
            None => self.store.mark_never_ordered(order_id, quiet_since, event).await?,
        };
        if !has_expired {
            return Ok(GivenUp::Unknown);
        }
        self.metrics.expired(route.account());
        self.live.touch(order_id);
        info!(%order_id, "expired: WeChat never knew it");
        Ok(GivenUp::Closed)
    }
}
