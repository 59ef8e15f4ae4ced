//! Giving a checkout up at a front end's wish: nobody begins to pay it from then on, and its deals are closed, unless one was paid.

use chrono::TimeDelta;

use crate::deal::{CheckoutId, DealStatus, Reach};
use crate::store::Origin;

use super::close_order::Closed;
use super::expire::GivenUp;
use super::follow::Calls;
use super::{Gateway, GatewayError};

impl Gateway {
    /// Gives a checkout up that is not paid, for a caller with this reach. Its deals that cannot be closed just now are followed until
    /// they are.
    ///
    /// # Errors
    /// As [`close_order`](Self::close_order); [`GatewayError::TooEarly`] counts from its youngest deal.
    pub async fn close_checkout(&self, checkout_id: &CheckoutId, reach: &Reach) -> Result<Closed, GatewayError> {
        let checkout = self.find_checkout(checkout_id, reach).await?;
        if let Some(order_id) = checkout.paid_by {
            return Ok(Closed::Paid(order_id));
        }
        let attempts = self.store.find_attempts(checkout_id).await?;
        let undecided: Vec<_> = attempts.iter().filter(|deal| deal.status == DealStatus::Unpaid).collect();
        let now = self.surely_now();
        let missing = undecided.iter().map(|deal| self.terms.close_min_age - (now - deal.opened_at(now))).max();
        if let Some(missing) = missing.filter(|missing| *missing > TimeDelta::zero()) {
            return Err(GatewayError::too_early(missing));
        }
        self.store.give_up_checkout(checkout_id, self.clock.now_seconds(), self.now_by_database()).await?;
        let mut left_open = None;
        for deal in undecided {
            match self.expire(deal, Origin::FrontEnd, &Calls::default()).await? {
                GivenUp::Paid | GivenUp::Closed => {}
                GivenUp::Unknown => left_open = Some(deal.order_id.clone()),
            }
        }
        match (self.find_checkout(checkout_id, reach).await?.paid_by, left_open) {
            (Some(order_id), _) => Ok(Closed::Paid(order_id)),
            (None, Some(order_id)) => Err(GatewayError::LeftOpen(order_id)),
            (None, None) => Ok(Closed::Closed(checkout.details)),
        }
    }
}
