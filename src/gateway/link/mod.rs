//! The link by which a deal can be paid. WeChat is asked for it with one stored request only, by one caller at a time: the
//! right to ask is a lease in the row, and other callers wait for what its holder hears.

mod ask;

use std::time::Duration;

use chrono::TimeDelta;

use crate::channel::{Doubt, Ground, PayParams, Refusal};
use crate::deal::{Deal, DealStatus, Details, OrderId, Route, Ticket, Timestamp, TradeType};

use super::{Gateway, GatewayError, NoAccount};

pub(super) use ask::Asking;

/// How long the right to ask is held: longer than a call can take.
pub(super) const ASKING: TimeDelta = TimeDelta::seconds(8);
/// How long pages leave WeChat alone that has refused a link.
const AFTER_REFUSAL: TimeDelta = TimeDelta::seconds(10);
/// How long a second caller waits for the first one's answer; front ends wait for at most 8 s.
const WAIT_FOR_OTHER: Duration = Duration::from_secs(6);
/// How often it looks.
const LOOK_AGAIN: Duration = Duration::from_millis(100);

/// How a deal stands whose link is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Link {
    /// It can be paid.
    Open(Opened),
    /// It is paid.
    Paid(OrderId),
    /// It cannot be paid any more.
    Closed(OrderId),
}

/// What a payer is given to pay with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Payable {
    /// A link to draw as a QR code.
    Code(String),
    /// A link to lead the payer's browser to, and until when it is good.
    Browser {
        /// The link.
        mweb_url: String,
        /// A moment before WeChat takes it no more.
        good_until: Timestamp,
    },
    /// What the payer's own WeChat is called with by a page or a mini-program inside it: signed now.
    WeChat(PayParams),
    /// The same for the merchant's own app.
    App(PayParams),
}

/// A deal that can be paid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opened {
    /// Its number.
    pub order_id: OrderId,
    /// What it is paid with.
    pub payable: Payable,
    /// Until when.
    pub expires_at: Option<Timestamp>,
    /// What the merchant said of it.
    pub details: Details,
}

impl Gateway {
    /// What a deal says by itself; `None` when WeChat must be asked.
    fn stored_link(&self, deal: &Deal) -> Result<Option<Link>, NoAccount> {
        Ok(match (deal.status, deal.prepay.good_ticket(self.clock.now())) {
            (DealStatus::Paid, _) => Some(Link::Paid(deal.order_id.clone())),
            (DealStatus::Expired, _) => Some(Link::Closed(deal.order_id.clone())),
            (DealStatus::Unpaid, Some(ticket)) => {
                let request = deal.prepay.request.as_deref().unwrap_or_default();
                let given_at = deal.prepay.asking_until.unwrap_or(self.clock.now());
                Some(Link::Open(Opened {
                    order_id: deal.order_id.clone(),
                    payable: self.payable((&deal.route(), deal.trade_type, request), ticket, given_at)?,
                    expires_at: deal.expires_at,
                    details: deal.details.clone(),
                }))
            }
            (DealStatus::Unpaid, None) => None,
        })
    }

    /// What a payer is given of an order that was opened by this stored request.
    fn payable(&self, asking: (&Route, TradeType, &str), ticket: &Ticket, given_at: Timestamp) -> Result<Payable, NoAccount> {
        let (route, trade_type, request) = asking;
        Ok(match ticket {
            Ticket::Qr(code_url) => Payable::Code(code_url.clone()),
            Ticket::H5(mweb_url) => {
                Payable::Browser { mweb_url: mweb_url.clone(), good_until: ticket.good_until(given_at).unwrap_or(given_at) }
            }
            Ticket::Prepay(prepay_id) => {
                let order = self.accounts.at(route)?;
                let params = order.pay_params(request, trade_type, prepay_id, self.clock.now(), &self.chance);
                if trade_type == TradeType::App { Payable::App(params) } else { Payable::WeChat(params) }
            }
        })
    }

    /// The same for a page, which strangers may ask for as often as they like: what WeChat has just refused it is not asked for again.
    pub(super) async fn link_for_page(&self, deal: Deal) -> Result<Link, GatewayError> {
        let is_recent = deal.prepay.asking_until.is_some_and(|at| self.clock.now() < at + AFTER_REFUSAL);
        match &deal.prepay.refusal {
            Some(description) if is_recent && deal.status == DealStatus::Unpaid && deal.prepay.ticket.is_none() => {
                Err(GatewayError::Refused(deal.order_id, Refusal::stored(description.clone())))
            }
            _ => self.link(deal).await,
        }
    }

    /// The link of a deal that was opened before: the stored one, or else that of the byte-identical request.
    pub(super) async fn link(&self, deal: Deal) -> Result<Link, GatewayError> {
        if let Some(stored) = self.stored_link(&deal)? {
            return Ok(stored);
        }
        let route = deal.route();
        let place = self.accounts.at(&route)?.place().await.map_err(|_| GatewayError::Busy)?;
        let now = self.clock.now_seconds();
        if let Some(request) = deal.prepay.request
            && self.store.claim_prepay(&deal.order_id, now, now + ASKING).await?
        {
            let asking = Asking {
                route: &route,
                trade_type: deal.trade_type,
                until: now + ASKING,
                expires_at: deal.expires_at,
                details: &deal.details,
            };
            return match self.ask_for_link(place, asking, request).await {
                // The same request cannot be another one, whatever WeChat says.
                Err(GatewayError::Refused(_, refusal)) if refusal.ground == Ground::NumberTaken => self.look_behind(&route, refusal).await,
                outcome => outcome,
            };
        }
        drop(place);
        self.wait_for_other(&deal.order_id).await
    }

    /// Another caller, perhaps of another instance, is asking for this deal's link. Its answer is this caller's too.
    async fn wait_for_other(&self, order_id: &OrderId) -> Result<Link, GatewayError> {
        let started = self.clock.ticks();
        while self.clock.ticks() - started < WAIT_FOR_OTHER {
            self.clock.pause(LOOK_AGAIN).await;
            let deal = self.load(order_id).await?;
            if let Some(stored) = self.stored_link(&deal)? {
                return Ok(stored);
            }
            if deal.prepay.asking_until.is_none_or(|until| until <= self.clock.now()) {
                return Err(match deal.prepay.refusal {
                    Some(description) => GatewayError::Refused(deal.order_id, Refusal::stored(description)),
                    None => GatewayError::Upstream(deal.order_id, Doubt::Broken.into()),
                });
            }
        }
        Err(GatewayError::Upstream(order_id.clone(), Doubt::Timeout.into()))
    }
}
