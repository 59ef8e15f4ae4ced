//! How does it stand. A decided deal is answered from the store; about an undecided one WeChat is asked, and what it
//! says is acted upon: a payment whose notification was lost settles here.

use std::borrow::Cow;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{Either, select};
use tracing::info;

use crate::channel::{QueryOutcome, Trade, TradeState};
use crate::deal::{Deal, DealStatus, OrderId, Timestamp};
use crate::store::{Event, EventKind, Origin};

use super::polls::Turn;
use super::{Gateway, GatewayError, SettleError};

/// How long a poll waits for WeChat.
const PATIENCE: Duration = Duration::from_secs(3);

/// How a deal stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderView {
    /// WeChat's word.
    pub state: TradeState,
    /// WeChat's description of it.
    pub description: Cow<'static, str>,
    /// Until when it can be paid.
    pub expires_at: Option<Timestamp>,
    /// When it was paid.
    pub paid_at: Option<Timestamp>,
    /// When this was so, if that is not now.
    pub as_of: Option<Timestamp>,
}

impl OrderView {
    pub(super) fn new(state: TradeState, expires_at: Option<Timestamp>, paid_at: Option<Timestamp>) -> Self {
        Self { state, description: state.description().into(), expires_at, paid_at, as_of: None }
    }

    /// Of a deal that is not decided.
    pub(super) fn undecided(state: TradeState, expires_at: Option<Timestamp>) -> Self {
        Self::new(state, expires_at, None)
    }

    /// Nothing more can happen to the deal.
    pub(super) fn is_final(&self) -> bool {
        self.state.is_paid() || self.state.is_dead()
    }

    fn of(state: TradeState, deal: &Deal) -> Self {
        Self::new(state, deal.expires_at, deal.paid_at)
    }

    /// What the store says by itself about a decided deal.
    pub(super) fn decided(deal: &Deal) -> Option<Self> {
        match deal.status {
            DealStatus::Paid => Some(Self::of(TradeState::of_paid(deal.refunded_at.is_some()), deal)),
            DealStatus::Expired => Some(Self::of(TradeState::Closed, deal)),
            DealStatus::Unpaid => None,
        }
    }
}

/// What WeChat said of an order, after it was acted upon.
pub(super) struct Told {
    pub state: TradeState,
    pub description: Cow<'static, str>,
    /// Whether WeChat knows the order at all; if not, `state` is NOTPAY.
    pub known: bool,
}

impl Gateway {
    /// How a deal stands that this instance knows to be paid: asked of nobody.
    pub fn known_paid(&self, order_id: &OrderId) -> Option<OrderView> {
        self.paid.view(order_id, self.clock.ticks())
    }

    /// How the deal stands now. All who ask about one order at the same time share one call to WeChat, and wait for it for
    /// some seconds; then, and when there is no call to be had, the stored state is the answer.
    pub async fn query_order(self: &Arc<Self>, order_id: OrderId) -> Result<OrderView, Arc<GatewayError>> {
        let deal = self.load(&order_id).await?;
        Self::is_about(&order_id);
        if let Some(view) = self.decided(&deal) {
            return Ok(view);
        }
        if !deal.mode.is_wechat() {
            return Ok(self.stored(&deal));
        }
        match self.poll(&order_id, deal.expires_at) {
            Turn::Shared(answer) => match select(answer, pin!(self.clock.pause(PATIENCE))).await {
                Either::Left((answer, _)) => answer,
                // It goes on, and what it brings is there for the next poll.
                Either::Right(_) => Ok(self.stored(&self.load(&order_id).await?)),
            },
            Turn::Recent(view) => Ok(view),
            Turn::NotNow => Ok(self.stored(&deal)),
        }
    }

    /// What the store says by itself about a decided deal; a payment is remembered.
    fn decided(&self, deal: &Deal) -> Option<OrderView> {
        self.paid.note_expiry(&deal.order_id, deal.expires_at);
        let view = OrderView::decided(deal)?;
        if let Some(paid_at) = view.paid_at {
            self.paid.note_payment(&deal.order_id, paid_at, deal.refunded_at.is_some(), self.clock.ticks());
        }
        Some(view)
    }

    /// The stored state, when WeChat's is not to be had.
    fn stored(&self, deal: &Deal) -> OrderView {
        let as_of = Some(self.clock.now());
        self.decided(deal).unwrap_or(OrderView { as_of, ..OrderView::undecided(TradeState::NotPay, deal.expires_at) })
    }

    /// Asks WeChat for a payer who waits, unless somebody else does just now. Whoever watches the order hears the answer.
    pub(super) fn poll(self: &Arc<Self>, order_id: &OrderId, expires_at: Option<Timestamp>) -> Turn {
        let (gateway, number) = (Arc::clone(self), order_id.clone());
        self.polls.take_turn(order_id, expires_at, &self.clock, move || async move {
            let told = gateway.ask_and_decide(&number, Origin::FrontEnd).await?;
            let view = OrderView { description: told.description, ..OrderView::undecided(told.state, expires_at) };
            let view = if view.is_final() { gateway.decided_view(&number, view).await? } else { view };
            gateway.watched.tell(&number, &view);
            Ok(view)
        })
    }

    /// WeChat's own word (REVOKED) is shown, unless something else has been decided meanwhile: REFUND is never taken back.
    async fn decided_view(&self, order_id: &OrderId, told: OrderView) -> Result<OrderView, GatewayError> {
        let deal = self.store.find_to_finish(order_id).await?.ok_or(GatewayError::NotFound)?;
        let is_more = |stored: &OrderView| !stored.state.is_same_verdict(told.state) || stored.state == TradeState::Refund;
        let decided = self.decided(&deal).filter(|stored| stored.state != told.state && is_more(stored));
        Ok(decided.unwrap_or(OrderView { paid_at: deal.paid_at, ..told }))
    }

    pub(super) async fn load(&self, order_id: &OrderId) -> Result<Deal, GatewayError> {
        self.store.find(order_id).await?.ok_or(GatewayError::NotFound)
    }

    /// Asks WeChat about an order and stores what follows from the answer: paid settles, dead expires.
    pub(super) async fn ask_and_decide(&self, order_id: &OrderId, origin: Origin) -> Result<Told, GatewayError> {
        let answer = match origin {
            Origin::Sweeper => self.channel.query_in_budget(order_id).await,
            _ => self.channel.query(order_id).await,
        };
        let answer = answer.map_err(|error| GatewayError::of_call(order_id, error))?;
        let QueryOutcome::Known(Trade { state, description, paid, evidence }) = answer else {
            let state = TradeState::NotPay;
            return Ok(Told { state, description: state.description().into(), known: false });
        };
        if let Some(trade) = paid {
            match self.settle(&trade, origin).await {
                Ok(_) => {}
                Err(SettleError::Store(error)) => return Err(error.into()),
                Err(_) => return Err(GatewayError::Mismatch(order_id.clone())),
            }
        } else if state.is_dead() {
            let event = Event { evidence: Some(evidence.clone()), ..self.event(order_id, EventKind::Expired, origin) };
            if self.store.mark_expired(order_id, &evidence, event).await? {
                self.metrics.expired();
                self.watched.touch(order_id);
                info!(%order_id, state = state.as_str(), "expired: WeChat says it cannot be paid any more");
            }
        }
        Ok(Told { state, description: description.into(), known: true })
    }
}

impl From<crate::store::StoreError> for Arc<GatewayError> {
    fn from(error: crate::store::StoreError) -> Self {
        Self::new(error.into())
    }
}
