//! Closing an order at a front end's or an operator's wish, for its payer has given up: unless it was paid.

use crate::deal::{Deal, DealStatus, Details, OrderId, Reach};
use crate::store::Origin;

use super::expire::GivenUp;
use super::follow::Calls;
use super::{Gateway, GatewayError};

/// How an order stands that was to be closed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Closed {
    /// It cannot be paid any more, now or already before; and what its merchant said of it.
    Closed(Details),
    /// It is paid.
    Paid(OrderId),
}

impl Gateway {
    /// Closes a deal that is not paid, for a caller with this reach.
    ///
    /// # Errors
    /// [`GatewayError::NotFound`]; [`GatewayError::TooEarly`] within [`Terms::close_min_age`](super::Terms::close_min_age); and when
    /// WeChat's word cannot be had, for only that proves that the order cannot be paid any more.
    pub async fn close_order(&self, order_id: OrderId, reach: &Reach) -> Result<Closed, GatewayError> {
        let deal = self.load_within(&order_id, reach).await?;
        Self::is_about(&order_id, &deal.account);
        match Self::closed_already(&deal) {
            Some(closed) => Ok(closed),
            None => self.close(deal, Origin::FrontEnd).await,
        }
    }

    /// How a decided deal stands; `None`: there is something to close.
    pub(super) fn closed_already(deal: &Deal) -> Option<Closed> {
        match deal.status {
            DealStatus::Paid => Some(Closed::Paid(deal.order_id.clone())),
            DealStatus::Expired => Some(Closed::Closed(deal.details.clone())),
            DealStatus::Unpaid => None,
        }
    }

    /// Whether an undecided deal may be closed by now.
    pub(super) fn may_close(&self, deal: &Deal) -> Result<(), GatewayError> {
        if !deal.mode.is_wechat() {
            return Err(GatewayError::NotWeChats(deal.order_id.clone()));
        }
        let now = self.surely_now();
        let age = now - deal.opened_at(now);
        if age < self.terms.close_min_age { Err(GatewayError::too_early(self.terms.close_min_age - age)) } else { Ok(()) }
    }

    /// Closes an undecided deal.
    pub(super) async fn close(&self, deal: Deal, origin: Origin) -> Result<Closed, GatewayError> {
        self.may_close(&deal)?;
        match self.expire(&deal, origin, &Calls::default()).await? {
            GivenUp::Closed => Ok(Closed::Closed(deal.details)),
            GivenUp::Paid => Ok(Closed::Paid(deal.order_id)),
            GivenUp::Unknown => Err(GatewayError::LeftOpen(deal.order_id)),
        }
    }
}
