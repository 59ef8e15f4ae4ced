//! Opening a deal. The row is committed before WeChat is asked for a link, so no payable link is without a deal.

use std::net::IpAddr;
use std::time::Duration;

use chrono::TimeDelta;
use tokio::sync::SemaphorePermit;
use tracing::{error, warn};

use crate::channel::{CallError, Doubt, Ground, Order, Refusal};
use crate::deal::{Deal, DealStatus, Fen, OrderId, Timestamp};
use crate::store::{Event, EventKind, NewDeal, Origin, PrepayNote, StoreError};

use super::close_order::GivenUp;
use super::follow::Calls;
use super::{Gateway, GatewayError};

/// How long one who asks WeChat keeps others from asking: longer than a call can take.
const ASKING: TimeDelta = TimeDelta::seconds(8);
/// How long a second caller waits for the first one's answer; front ends wait for at most 8 s.
const WAIT_FOR_OTHER: Duration = Duration::from_secs(6);
/// Numbers drawn for one deal. That one of them is taken is all but impossible; a third is refused for another reason.
const DRAWS: u32 = 3;
/// How often it looks.
const LOOK_AGAIN: Duration = Duration::from_millis(100);
/// A link whose deal ends within this time is sent without `time_expire`: WeChat wants at least five minutes, and
/// clocks differ.
const SHORTEST_TIME_EXPIRE: TimeDelta = TimeDelta::seconds(360);

/// What a front end asks for.
#[derive(Debug, Clone)]
pub struct ToPay {
    /// Who sells.
    pub merchant_id: i64,
    /// What is sold.
    pub product_id: i64,
    /// For how much.
    pub price: Fen,
    /// The payer's address.
    pub payer: IpAddr,
    /// The caller's name for this attempt, so that a repeat is not a second deal.
    pub idempotency_key: Option<String>,
    /// The nonce of the offer that the merchant's back end signed, where such a one is wanted: it opens one deal.
    pub signed_nonce: Option<String>,
}

/// A deal that can be paid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opened {
    /// Its number.
    pub order_id: OrderId,
    /// The link to draw as a QR code.
    pub code_url: String,
    /// Until when.
    pub expires_at: Option<Timestamp>,
}

/// One who asks WeChat for the link of a deal.
#[derive(Debug, Clone, Copy)]
struct Asking<'a> {
    order_id: &'a OrderId,
    /// Until when nobody else may.
    until: Timestamp,
    expires_at: Option<Timestamp>,
}

impl Gateway {
    /// Opens a deal, or finds the one that was opened under the same idempotency key.
    pub async fn to_pay(&self, wish: ToPay) -> Result<Opened, GatewayError> {
        if let Some(deal) = self.opened_before(&wish).await? {
            return self.resume(deal, &wish).await;
        }
        let mut number_was_taken = false;
        for _ in 0..DRAWS {
            let place = self.channel.place_for_order().await.map_err(|_| GatewayError::Busy)?;
            let deal = self.draft(&wish);
            Self::is_about(&deal.order_id);
            let opened = self.event(&deal.order_id, EventKind::Opened, Origin::FrontEnd);
            match self.store.insert(deal.clone(), opened).await {
                Ok(()) => {
                    self.metrics.opened();
                    self.live.note_expiry(&deal.order_id, Some(deal.expires_at));
                }
                Err(StoreError::Conflict) => {
                    if let Some(existing) = self.opened_before(&wish).await? {
                        return self.resume(existing, &wish).await;
                    }
                    if self.is_offer_used(&wish).await? {
                        return Err(GatewayError::SignatureUsed);
                    }
                    // So it was the number: draw another one.
                    continue;
                }
                Err(error) => return Err(error.into()),
            }
            self.may_still_ask(&deal.order_id, deal.asking_until)?;
            let asking = Asking { order_id: &deal.order_id, until: deal.asking_until, expires_at: Some(deal.expires_at) };
            match self.ask_for_link(place, asking, deal.prepay_request).await {
                // WeChat knows our brand-new number: somebody else uses this merchant number. Once may be chance.
                Err(GatewayError::Refused(order_id, refusal)) if refusal.ground == Ground::NumberTaken && !number_was_taken => {
                    warn!(%order_id, "WeChat knows a number that was drawn just now; drawing another");
                    self.store.release_keys(&order_id).await?;
                    number_was_taken = true;
                }
                outcome => return outcome,
            }
        }
        self.metrics.not_opened();
        error!(alarm = "not_opened", "no new deal can be stored: a unique index of the table deal refuses each number that is drawn");
        Err(StoreError::Conflict.into())
    }

    async fn opened_before(&self, wish: &ToPay) -> Result<Option<Deal>, StoreError> {
        match &wish.idempotency_key {
            Some(key) => self.store.find_by_key(wish.merchant_id, key).await,
            None => Ok(None),
        }
    }

    /// Asked only after an insert was refused, whose unique index is what keeps an offer from opening two deals, on
    /// whichever instance. A repeat under the same idempotency key has found its deal before.
    async fn is_offer_used(&self, wish: &ToPay) -> Result<bool, StoreError> {
        match &wish.signed_nonce {
            Some(nonce) => self.store.is_nonce_used(wish.merchant_id, nonce).await,
            None => Ok(false),
        }
    }

    fn draft(&self, wish: &ToPay) -> NewDeal {
        let created_at = self.clock.now_seconds();
        let expires_at = created_at + self.terms.expire_after;
        let order_id = OrderId::draw(created_at, self.chance.draw());
        let body =
            self.terms.body.replace("{merchant_id}", &wish.merchant_id.to_string()).replace("{product_id}", &wish.product_id.to_string());
        let order = Order {
            order_id: &order_id,
            total_fee: wish.price,
            body: &body,
            product_id: wish.product_id,
            payer: wish.payer,
            time_expire: (self.terms.expire_after >= SHORTEST_TIME_EXPIRE).then_some(expires_at),
        };
        NewDeal {
            prepay_request: self.channel.draft(&order, &self.chance),
            merchant_id: wish.merchant_id,
            product_id: wish.product_id,
            price: wish.price,
            idempotency_key: wish.idempotency_key.clone(),
            signed_nonce: wish.signed_nonce.clone(),
            asking_until: created_at + ASKING,
            // Looks are kept by the database's clock.
            due_at: self.terms.schedule.next(created_at, expires_at, created_at) + self.skew(),
            created_at,
            expires_at,
            order_id,
        }
    }

    /// The same wish again: the same deal, with its stored link if there is one.
    async fn resume(&self, deal: Deal, wish: &ToPay) -> Result<Opened, GatewayError> {
        Self::is_about(&deal.order_id);
        if deal.product_id != wish.product_id {
            return Err(GatewayError::IdempotencyConflict("product_id"));
        }
        if deal.charged != Some(wish.price) {
            return Err(GatewayError::IdempotencyConflict("price"));
        }
        self.link(deal).await
    }

    /// The link of a deal that was opened before: the stored one, or else that of the byte-identical request.
    pub(super) async fn link(&self, deal: Deal) -> Result<Opened, GatewayError> {
        if let Some(outcome) = already_clear(&deal) {
            return outcome;
        }
        let place = self.channel.place_for_order().await.map_err(|_| GatewayError::Busy)?;
        let now = self.clock.now_seconds();
        if let Some(request) = deal.prepay.request
            && self.store.claim_prepay(&deal.order_id, now, now + ASKING).await?
        {
            self.may_still_ask(&deal.order_id, now + ASKING)?;
            let asking = Asking { order_id: &deal.order_id, until: now + ASKING, expires_at: deal.expires_at };
            return match self.ask_for_link(place, asking, request).await {
                // The same request cannot be another one, whatever WeChat says.
                Err(GatewayError::Refused(order_id, refusal)) if refusal.ground == Ground::NumberTaken => {
                    Err(self.look_behind(&order_id, refusal).await)
                }
                outcome => outcome,
            };
        }
        drop(place);
        self.wait_for_other(&deal.order_id).await
    }

    /// Who was held up until the right to ask was over (a process that stood still, a database that took its time) does
    /// not ask: somebody else does by now, or the deal was given up as one that WeChat never heard of.
    fn may_still_ask(&self, order_id: &OrderId, until: Timestamp) -> Result<(), GatewayError> {
        if self.clock.now() < until { Ok(()) } else { Err(GatewayError::Upstream(order_id.clone(), Doubt::Timeout.into())) }
    }

    /// Somebody else, perhaps another instance, is asking for this deal's link. Its answer is ours too.
    async fn wait_for_other(&self, order_id: &OrderId) -> Result<Opened, GatewayError> {
        let started = self.clock.ticks();
        while self.clock.ticks() - started < WAIT_FOR_OTHER {
            self.clock.pause(LOOK_AGAIN).await;
            let deal = self.store.find(order_id).await?.ok_or(GatewayError::NotFound)?;
            if let Some(outcome) = already_clear(&deal) {
                return outcome;
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

    /// Asks WeChat for the link of a stored deal and writes down how that ended.
    async fn ask_for_link(&self, place: SemaphorePermit<'_>, asking: Asking<'_>, request: String) -> Result<Opened, GatewayError> {
        let Asking { order_id, expires_at, .. } = asking;
        let (note, outcome) = match self.channel.open(place, order_id, request).await {
            Ok(ticket) => {
                let code_url = ticket.code_url.clone();
                (PrepayNote::Link(ticket), Ok(Opened { order_id: order_id.clone(), code_url, expires_at }))
            }
            Err(CallError::Refused(refusal)) if refusal.ground == Ground::Decided => {
                self.note(asking, PrepayNote::Unknown).await;
                return Err(self.look_behind(order_id, refusal).await);
            }
            Err(CallError::Refused(refusal)) => {
                (PrepayNote::Refused(refusal.to_string()), Err(GatewayError::Refused(order_id.clone(), refusal)))
            }
            Err(error) => (PrepayNote::Unknown, Err(GatewayError::of_call(order_id, error))),
        };
        if self.note(asking, note).await { outcome } else { self.overtaken(order_id, outcome).await }
    }

    /// While WeChat was asked, somebody else took the right to ask, or the deal was decided (a clock that is behind, a process
    /// that stood still). WeChat knows one link of an order, the last; so what is stored counts, and not what was heard.
    async fn overtaken(&self, order_id: &OrderId, heard: Result<Opened, GatewayError>) -> Result<Opened, GatewayError> {
        let found = self.store.find_to_finish(order_id).await.inspect_err(|error| {
            // If the deal has expired meanwhile, nobody follows the order that WeChat may have.
            self.metrics.left_open();
            error!(alarm = "left_open", %order_id, %error, "whether the deal has expired while WeChat took its order is not known");
        });
        let deal = found?.ok_or(GatewayError::NotFound)?;
        if deal.status == DealStatus::Expired {
            self.close_behind(&deal).await?;
        }
        match already_clear(&deal) {
            Some(stored) => stored,
            None if deal.prepay.asking_until.is_some_and(|until| until > self.clock.now()) => self.wait_for_other(order_id).await,
            // The other one got none, so nobody knows whether this link is still good.
            None if heard.is_ok() => Err(GatewayError::Upstream(order_id.clone(), Doubt::Broken.into())),
            None => heard,
        }
    }

    /// WeChat may have taken an order whose deal was given up meanwhile. Nobody follows a deal that is Expired, so the order is
    /// closed at once. [`GatewayError::OrderPaid`]: it was paid, and is settled.
    async fn close_behind(&self, deal: &Deal) -> Result<(), GatewayError> {
        match self.give_up(deal, Origin::FrontEnd, &Calls::default()).await {
            Ok(GivenUp::Dead) => warn!(order_id = %deal.order_id, "WeChat took an order whose deal had expired; it is closed"),
            Ok(GivenUp::NotKnown) => {}
            Err(paid @ GatewayError::OrderPaid(_)) => return Err(paid),
            Err(error) => {
                self.metrics.left_open();
                error!(alarm = "left_open", order_id = %deal.order_id, %error, "an order whose deal has expired could not be closed at WeChat");
            }
        }
        Ok(())
    }

    /// WeChat refuses because of how the order stands; only a query proves how that is.
    async fn look_behind(&self, order_id: &OrderId, refusal: Refusal) -> GatewayError {
        match self.ask_and_decide(order_id, Origin::FrontEnd).await {
            Ok(told) if told.state.is_paid() => GatewayError::OrderPaid(order_id.clone()),
            Ok(told) if told.state.is_dead() => GatewayError::OrderClosed(order_id.clone()),
            Ok(_) => GatewayError::Refused(order_id.clone(), refusal),
            Err(error) => error,
        }
    }

    /// `false`: it was no longer this one's to note. A link that could not be written down is good all the same: the deal is
    /// stored, so the payer gets it.
    async fn note(&self, asking: Asking<'_>, note: PrepayNote) -> bool {
        let (kind, detail) = match &note {
            PrepayNote::Link(_) => (EventKind::LinkGiven, None),
            PrepayNote::Refused(why) => (EventKind::LinkRefused, Some(why.clone())),
            PrepayNote::Unknown => (EventKind::LinkUnknown, None),
        };
        let Asking { order_id, until, .. } = asking;
        let event = Event { detail, ..self.event(order_id, kind, Origin::FrontEnd) };
        self.store.note_prepay(order_id, note, until, event).await.unwrap_or_else(|error| {
            warn!(%order_id, %error, "WeChat's answer could not be noted");
            true
        })
    }
}

/// What a deal says by itself to somebody who wants its link; `None` when WeChat must be asked.
fn already_clear(deal: &Deal) -> Option<Result<Opened, GatewayError>> {
    match (deal.status, &deal.prepay.code_url) {
        (DealStatus::Paid, _) => Some(Err(GatewayError::OrderPaid(deal.order_id.clone()))),
        (DealStatus::Expired, _) => Some(Err(GatewayError::OrderClosed(deal.order_id.clone()))),
        (DealStatus::Unpaid, Some(code_url)) => {
            Some(Ok(Opened { order_id: deal.order_id.clone(), code_url: code_url.clone(), expires_at: deal.expires_at }))
        }
        (DealStatus::Unpaid, None) => None,
    }
}
