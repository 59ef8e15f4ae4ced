//! How does it stand. A decided deal is answered from the store; about an undecided one WeChat is asked, and what it
//! says is acted upon: a payment whose notification was lost settles here.

use std::borrow::Cow;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{Either, select};
use tracing::info;

use crate::channel::{QueryOutcome, Trade, TradeState};
use crate::deal::OrderId;
use crate::store::{Event, EventKind, Origin};

use super::live::Turn;
use super::poll::outcome;
use super::{Gateway, GatewayError, OrderView, SettleError};

/// How long a poll waits for WeChat.
const PATIENCE: Duration = Duration::from_secs(3);

/// What WeChat said of an order, after it was acted upon.
pub(super) struct Told {
    pub state: TradeState,
    pub description: Cow<'static, str>,
    /// Whether WeChat knows the order at all; if not, `state` is NOTPAY.
    pub known: bool,
}

impl Gateway {
    /// How the deal stands now. All callers that ask about one order at the same time share one call to WeChat, and wait for it for
    /// some seconds; then, and when there is no call to be had, the stored state is the answer.
    ///
    /// # Errors
    /// [`GatewayError::NotFound`], and why WeChat could not be asked, shared by all callers that waited for the same call.
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
            Turn::Shared(waiting) => match select(pin!(outcome(waiting, &order_id)), pin!(self.clock.pause(PATIENCE))).await {
                Either::Left((answer, _)) => answer,
                // It goes on, and what it brings is there for the next poll.
                Either::Right(_) => Ok(self.stored(&self.load(&order_id).await?)),
            },
            Turn::Recent(view) => Ok(view),
            Turn::NotNow => Ok(self.stored(&deal)),
        }
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
                self.live.touch(order_id);
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
