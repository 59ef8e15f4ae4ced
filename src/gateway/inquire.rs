//! Asking WeChat how an order stands, and storing what follows from the answer: a payment whose notification was lost settles
//! here, and an order that WeChat has closed expires.

use std::borrow::Cow;

use tracing::info;

use crate::channel::{QueryOutcome, Trade, TradeState};
use crate::deal::{Announcement, Route};
use crate::store::{Event, EventKind, Origin};

use super::{Gateway, GatewayError, SettleError};

/// What WeChat said of an order, after it was acted upon.
pub(super) struct Inquired {
    pub state: TradeState,
    pub description: Cow<'static, str>,
    /// Whether WeChat knows the order at all; if not, `state` is NOTPAY.
    pub is_known: bool,
}

impl Gateway {
    /// Asks WeChat about an order and stores what follows from the answer: paid settles, dead expires.
    pub(super) async fn inquire(&self, route: &Route, origin: Origin) -> Result<Inquired, GatewayError> {
        let order_id = route.order_id();
        let answer = self.accounts.at(route)?.query(origin).await.map_err(|error| GatewayError::of_call(order_id, error))?;
        let QueryOutcome::Known(Trade { state, description, paid, evidence }) = answer else {
            let state = TradeState::NotPay;
            return Ok(Inquired { state, description: state.description().into(), is_known: false });
        };
        if let Some(trade) = paid {
            match self.settle(&trade, origin).await {
                Ok(_) => {}
                Err(SettleError::Store(error)) => return Err(error.into()),
                Err(_) => return Err(GatewayError::Mismatch(order_id.clone())),
            }
        } else if state.is_dead() {
            let announces = vec![Announcement::DealExpired];
            let event = Event { evidence: Some(evidence.clone()), announces, ..self.event(order_id, EventKind::Expired, origin) };
            let has_expired = match route.checkout_id() {
                Some(checkout_id) => self.store.mark_attempt_expired(checkout_id, order_id, &evidence, event).await?,
                None => self.store.mark_expired(order_id, &evidence, event).await?,
            };
            if has_expired {
                self.metrics.expired(route.account());
                self.live.touch(order_id);
                info!(%order_id, state = state.as_str(), "expired: WeChat says it cannot be paid any more");
            }
        }
        Ok(Inquired { state, description: description.into(), is_known: true })
    }
}
