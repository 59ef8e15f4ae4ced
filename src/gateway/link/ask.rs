//! Asking WeChat for a link, under a lease (the right to ask), and writing down how that ended.

use tokio::sync::SemaphorePermit;
use tracing::{error, warn};

use crate::channel::{CallError, Doubt, Ground, Refusal};
use crate::deal::{AlarmKind, Announcement, Deal, DealStatus, Details, OrderId, Route, Timestamp, TradeType};
use crate::store::{Event, EventKind, Origin, PrepayNote};

use super::super::expire::GivenUp;
use super::super::follow::Calls;
use super::super::{Gateway, GatewayError};
use super::{Link, Opened};

/// The right to ask WeChat for the link of a deal.
#[derive(Debug, Clone, Copy)]
pub(in crate::gateway) struct Asking<'a> {
    pub route: &'a Route,
    pub trade_type: TradeType,
    /// Until when no other caller may ask.
    pub until: Timestamp,
    pub expires_at: Option<Timestamp>,
    pub details: &'a Details,
}

impl Gateway {
    /// Asks WeChat for the link of a stored deal and writes down how that ended.
    pub(in crate::gateway) async fn ask_for_link(
        &self,
        place: SemaphorePermit<'_>,
        asking: Asking<'_>,
        request: String,
    ) -> Result<Link, GatewayError> {
        let Asking { route, trade_type, until, expires_at, details } = asking;
        let order_id = route.order_id();
        // A caller that was held up until the right was over (a process that stood still, a database that took its time) does
        // not ask: another one does by now, or the deal was given up as one that WeChat never heard of.
        if self.clock.now() >= until {
            return Err(GatewayError::Upstream(order_id.clone(), Doubt::Timeout.into()));
        }
        let (note, outcome) = match self.accounts.at(route)?.open(place, request.clone()).await {
            Ok(opened) => {
                let payable = self.payable((route, trade_type, &request), &opened.ticket, self.clock.now())?;
                let link = Link::Open(Opened { order_id: order_id.clone(), payable, expires_at, details: details.clone() });
                (PrepayNote::Link(opened), Ok(link))
            }
            Err(CallError::Refused(refusal)) if refusal.ground == Ground::Decided => {
                self.note(asking, PrepayNote::Unknown).await;
                return Box::pin(self.look_behind(route, refusal)).await;
            }
            Err(CallError::Refused(refusal)) => {
                (PrepayNote::Refused(refusal.to_string()), Err(GatewayError::Refused(order_id.clone(), refusal)))
            }
            Err(error) => (PrepayNote::Unknown, Err(GatewayError::of_call(order_id, error))),
        };
        if self.note(asking, note).await { outcome } else { Box::pin(self.overtaken(order_id, outcome)).await }
    }

    /// `false`: it was no longer this caller's to note. A link that could not be written down is good all the same: the deal is
    /// stored, so the payer gets it.
    async fn note(&self, asking: Asking<'_>, note: PrepayNote) -> bool {
        let (kind, detail) = match &note {
            PrepayNote::Link(_) => (EventKind::LinkGiven, None),
            PrepayNote::Refused(why) => (EventKind::LinkRefused, Some(why.clone())),
            PrepayNote::Unknown => (EventKind::LinkUnknown, None),
        };
        let (order_id, until) = (asking.route.order_id(), asking.until);
        let event = Event { detail, ..self.event(order_id, kind, Origin::FrontEnd) };
        self.store.note_prepay(order_id, note, until, event).await.unwrap_or_else(|error| {
            warn!(%order_id, %error, "WeChat's answer could not be noted");
            true
        })
    }

    /// WeChat refuses because of how the order stands; only a query proves how that is.
    pub(super) async fn look_behind(&self, route: &Route, refusal: Refusal) -> Result<Link, GatewayError> {
        let order_id = route.order_id();
        let state = self.inquire(route, Origin::FrontEnd).await?.state;
        if state.is_paid() {
            Ok(Link::Paid(order_id.clone()))
        } else if state.is_dead() {
            Ok(Link::Closed(order_id.clone()))
        } else {
            Err(GatewayError::Refused(order_id.clone(), refusal))
        }
    }

    /// While WeChat was asked, another caller took the right to ask, or the deal was decided (a clock that is behind, a process
    /// that stood still). WeChat knows one link of an order, the last; so what is stored counts, and not what was heard.
    async fn overtaken(&self, order_id: &OrderId, heard: Result<Link, GatewayError>) -> Result<Link, GatewayError> {
        let found = self.store.find_to_finish(order_id).await.inspect_err(|error| {
            // If the deal has expired meanwhile, no sweeper follows the order that WeChat may have.
            self.metrics.raised(AlarmKind::LeftOpen);
            error!(alarm = "left_open", %order_id, %error, "whether the deal has expired while WeChat took its order is not known");
        });
        let deal = found?.ok_or(GatewayError::NotFound)?;
        if deal.status == DealStatus::Expired && self.close_behind(&deal).await == Some(GivenUp::Paid) {
            return Ok(Link::Paid(deal.order_id));
        }
        match self.stored_link(&deal)? {
            Some(stored) => Ok(stored),
            None if deal.prepay.asking_until.is_some_and(|until| until > self.clock.now()) => self.wait_for_other(order_id).await,
            // The other caller got none, so it is not known whether this link is still good.
            None if heard.is_ok() => Err(GatewayError::Upstream(order_id.clone(), Doubt::Broken.into())),
            None => heard,
        }
    }

    /// WeChat may have taken an order whose deal was given up meanwhile. No sweeper follows a deal that is Expired, so the order
    /// is closed at once. `None`: that could not be done.
    async fn close_behind(&self, deal: &Deal) -> Option<GivenUp> {
        let outcome = self.expire(deal, Origin::FrontEnd, &Calls::default()).await;
        if let Err(error) = &outcome {
            let announces = vec![Announcement::AlarmRaised(AlarmKind::LeftOpen)];
            self.record(Event { announces, ..self.event(&deal.order_id, EventKind::LeftOpen, Origin::FrontEnd) }, None).await;
            self.metrics.raised(AlarmKind::LeftOpen);
            error!(alarm = "left_open", order_id = %deal.order_id, %error, "an order whose deal has expired could not be closed at WeChat");
        }
        if matches!(outcome, Ok(GivenUp::Closed)) {
            warn!(order_id = %deal.order_id, "WeChat took an order whose deal had expired; it is closed");
        }
        outcome.ok()
    }
}
