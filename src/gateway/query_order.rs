//! A status query: how an order stands. A decided deal is answered from the store; about an undecided one WeChat is asked, and what it
//! says is acted upon: a payment whose notification was lost settles here.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{Either, select};

use crate::deal::OrderId;

use super::live::Turn;
use super::poll::outcome;
use super::{Gateway, GatewayError, OrderView};

/// How long a poll waits for WeChat.
const PATIENCE: Duration = Duration::from_secs(3);

impl Gateway {
    /// How the deal stands now. All callers that ask about one order at the same time share one call to WeChat, and wait for it for
    /// some seconds; then, and when there is no call to be had, the stored state is the answer.
    ///
    /// # Errors
    /// [`GatewayError::NotFound`], and why WeChat could not be asked, shared by all callers that waited for the same call.
    pub async fn query_order(self: &Arc<Self>, order_id: OrderId) -> Result<OrderView, Arc<GatewayError>> {
        let deal = self.load(&order_id).await?;
        Self::is_about(&order_id, &deal.account);
        if let Some(view) = self.decided(&deal) {
            return Ok(view);
        }
        if !self.can_ask(&deal) {
            return Ok(self.stored(&deal));
        }
        match self.poll(&deal.route(), deal.expires_at) {
            Turn::Shared(waiting) => match select(pin!(outcome(waiting, &order_id)), pin!(self.clock.pause(PATIENCE))).await {
                Either::Left((answer, _)) => answer,
                // It goes on, and what it brings is there for the next poll.
                Either::Right(_) => Ok(self.stored(&self.load(&order_id).await?)),
            },
            Turn::Recent(view) => Ok(view),
            Turn::NotNow => Ok(self.stored(&deal)),
        }
    }
}
