//! What callers are told of a deal by the store alone, and which of it is cached.

use crate::channel::TradeState;
use crate::deal::{Deal, OrderId, Reach};

use super::{Gateway, GatewayError, OrderView};

impl Gateway {
    /// The deal of a number.
    pub(super) async fn load(&self, order_id: &OrderId) -> Result<Deal, GatewayError> {
        self.store.find(order_id).await?.ok_or(GatewayError::NotFound)
    }

    /// The same, for a caller that sees these deals only: another one is to it as if there were none.
    pub(super) async fn load_within(&self, order_id: &OrderId, reach: &Reach) -> Result<Deal, GatewayError> {
        let deal = self.load(order_id).await?;
        if reach.has(&deal) { Ok(deal) } else { Err(GatewayError::NotFound) }
    }

    /// Whether WeChat can be asked about a deal: it is WeChat's, and goes through an account that there is.
    pub(super) fn can_ask(&self, deal: &Deal) -> bool {
        deal.mode.is_wechat() && self.accounts.get(&deal.account).is_ok()
    }

    /// How a deal stands that this instance knows to be paid: neither WeChat nor the store is asked.
    pub fn known_paid(&self, order_id: &OrderId) -> Option<OrderView> {
        self.live.paid(order_id, self.clock.ticks())
    }

    /// What the store says by itself about a decided deal; a payment is remembered.
    pub(super) fn decided(&self, deal: &Deal) -> Option<OrderView> {
        self.live.note_facts(&deal.order_id, deal.into());
        let view = OrderView::decided(deal)?;
        // Of one that is given back its row says how much.
        if let Some(paid_at) = view.paid_at.filter(|_| view.refunded.is_none()) {
            self.live.note_payment(&deal.order_id, paid_at, deal.refunded_at.is_some(), self.clock.ticks());
        }
        Some(view)
    }

    /// The stored state, when WeChat's is not to be had.
    pub(super) fn stored(&self, deal: &Deal) -> OrderView {
        let as_of = Some(self.clock.now());
        self.decided(deal).unwrap_or(OrderView { as_of, ..OrderView::undecided(TradeState::NotPay, deal.into()) })
    }

    /// How a deal stands that WeChat has just decided. WeChat's own word (REVOKED) is shown, unless something else has been
    /// decided meanwhile: REFUND is never taken back.
    pub(super) async fn just_decided(&self, order_id: &OrderId, told: OrderView) -> Result<OrderView, GatewayError> {
        let deal = self.store.find_to_finish(order_id).await?.ok_or(GatewayError::NotFound)?;
        let is_more = |stored: &OrderView| !stored.state.is_same_verdict(told.state) || stored.state == TradeState::Refund;
        let decided = self.decided(&deal).filter(|stored| stored.state != told.state && is_more(stored));
        Ok(decided.unwrap_or(OrderView { paid_at: deal.paid_at, ..told }))
    }
}
