//! How does it stand. A decided deal is answered from the store; about an undecided one WeChat is asked, and what it
//! says is acted upon: a payment whose notification was lost settles here.

use std::sync::Arc;

use tracing::info;

use crate::deal::{Deal, DealStatus, OrderId, Timestamp};
use crate::store::{Event, EventKind, Origin};
use crate::wechat::{QueryAnswer, Trade, TradeState};

use super::polls::Turn;
use super::{Gateway, GatewayError, SettleError};

/// How a deal stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderView {
    /// WeChat's word.
    pub state: TradeState,
    /// WeChat's description of it.
    pub description: String,
    /// Until when it can be paid.
    pub expires_at: Option<Timestamp>,
    /// When it was paid.
    pub paid_at: Option<Timestamp>,
    /// When this was so, if that is not now.
    pub as_of: Option<Timestamp>,
}

impl OrderView {
    /// Of a deal that is not decided.
    pub(super) fn undecided(state: TradeState, expires_at: Option<Timestamp>) -> Self {
        Self { state, description: state.description().to_owned(), expires_at, paid_at: None, as_of: None }
    }

    /// Nothing more can happen to the deal.
    pub(super) fn is_final(&self) -> bool {
        self.state.is_paid() || self.state.is_dead()
    }

    fn of(state: TradeState, deal: &Deal) -> Self {
        Self { state, description: state.description().to_owned(), expires_at: deal.expires_at, paid_at: deal.paid_at, as_of: None }
    }

    /// What the store says by itself about a decided deal.
    pub(super) fn decided(deal: &Deal) -> Option<Self> {
        match deal.status {
            DealStatus::Paid => Some(Self::of(TradeState::Success, deal)),
            DealStatus::Expired => Some(Self::of(TradeState::Closed, deal)),
            DealStatus::Unpaid => None,
        }
    }
}

/// What WeChat said of an order, after it was acted upon.
pub(super) struct Told {
    pub state: TradeState,
    pub description: String,
    /// Whether WeChat knows the order at all; if not, `state` is NOTPAY.
    pub known: bool,
}

impl Gateway {
    /// How the deal stands now. All who ask about one order at the same time share one call to WeChat.
    pub async fn query_order(self: &Arc<Self>, order_id: OrderId) -> Result<OrderView, Arc<GatewayError>> {
        let deal = self.load(&order_id).await?;
        if let Some(view) = OrderView::decided(&deal) {
            return Ok(view);
        }
        match self.poll(&order_id, deal.expires_at) {
            Turn::Shared(answer) => answer.await,
            Turn::Recent(view) => Ok(view),
            // The budget is spent and WeChat has not been asked yet: the stored state is what there is.
            Turn::NotNow => {
                let deal = self.load(&order_id).await?;
                let as_of = Some(self.clock.now());
                Ok(OrderView::decided(&deal).unwrap_or(OrderView { as_of, ..OrderView::undecided(TradeState::NotPay, deal.expires_at) }))
            }
        }
    }

    /// Asks WeChat for a payer who waits, unless somebody else does just now. Whoever watches the order hears the answer.
    pub(super) fn poll(self: &Arc<Self>, order_id: &OrderId, expires_at: Option<Timestamp>) -> Turn {
        let (gateway, number) = (Arc::clone(self), order_id.clone());
        self.polls.take_turn(order_id, &self.clock, move || async move {
            let told = gateway.ask_and_decide(&number, Origin::FrontEnd).await?;
            let view = OrderView { description: told.description, ..OrderView::undecided(told.state, expires_at) };
            let view = if view.is_final() { gateway.decided_view(&number, view).await? } else { view };
            gateway.watched.tell(&number, &view);
            Ok(view)
        })
    }

    /// WeChat's own word (REFUND, REVOKED) is shown, unless something else has been decided meanwhile.
    async fn decided_view(&self, order_id: &OrderId, told: OrderView) -> Result<OrderView, GatewayError> {
        let deal = self.load(order_id).await?;
        let decided = OrderView::decided(&deal).filter(|stored| !stored.state.is_same_verdict(told.state));
        Ok(decided.unwrap_or(OrderView { paid_at: deal.paid_at, ..told }))
    }

    pub(super) async fn load(&self, order_id: &OrderId) -> Result<Deal, GatewayError> {
        self.store.find(order_id).await?.ok_or(GatewayError::NotFound)
    }

    /// Asks WeChat about an order and stores what follows from the answer: paid settles, dead expires.
    pub(super) async fn ask_and_decide(&self, order_id: &OrderId, origin: Origin) -> Result<Told, GatewayError> {
        let answer = self.wechat.order_query(order_id).await.map_err(|error| GatewayError::of_call(order_id, error))?;
        let QueryAnswer::Known(Trade { state, description, paid, evidence }) = answer else {
            let state = TradeState::NotPay;
            return Ok(Told { state, description: state.description().to_owned(), known: false });
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
                self.watched.touch(order_id);
                info!(%order_id, state = state.as_str(), "expired: WeChat says it cannot be paid any more");
            }
        }
        Ok(Told { state, description, known: true })
    }
}

impl From<crate::store::StoreError> for Arc<GatewayError> {
    fn from(error: crate::store::StoreError) -> Self {
        Self::new(error.into())
    }
}
