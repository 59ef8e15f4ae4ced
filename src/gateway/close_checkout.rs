//! Giving a checkout up at a front end's wish: nobody begins to pay it from then on, and its deals are closed, unless one was paid.

use chrono::TimeDelta;

use crate::deal::{CheckoutId, Deal, DealStatus, Reach};
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
        let missing = undecided(&attempts).map(|deal| self.missing_to_close(deal)).max();
        if let Some(missing) = missing.filter(|missing| *missing > TimeDelta::zero()) {
            return Err(GatewayError::too_early(missing));
        }
        self.store.give_up_checkout(checkout_id, self.clock.now_seconds(), self.now_by_database()).await?;
        // Nobody begins to pay it from here on, so these are all; one may have been opened since they were looked at before.
        let attempts = self.store.find_attempts(checkout_id).await?;
        let mut left_open = None;
        for deal in undecided(&attempts) {
            let is_too_young = self.missing_to_close(deal) > TimeDelta::zero();
            if is_too_young || self.expire(deal, Origin::FrontEnd, &Calls::default()).await? == GivenUp::Unknown {
                left_open = Some(deal.order_id.clone());
            }
        }
        match (self.find_checkout(checkout_id, reach).await?.paid_by, left_open) {
            (Some(order_id), _) => Ok(Closed::Paid(order_id)),
            (None, Some(order_id)) => Err(GatewayError::LeftOpen(order_id)),
            (None, None) => Ok(Closed::Closed(checkout.details)),
        }
    }

    /// Until WeChat closes the order of a deal.
    fn missing_to_close(&self, deal: &Deal) -> TimeDelta {
        let now = self.surely_now();
        self.terms.close_min_age - (now - deal.opened_at(now))
    }
}

fn undecided(attempts: &[Deal]) -> impl Iterator<Item = &Deal> {
    attempts.iter().filter(|deal| deal.status == DealStatus::Unpaid)
}
