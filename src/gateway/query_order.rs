//! A status query: how an order stands. A decided deal is answered from the store; about an undecided one WeChat is asked, and what it
//! says is acted upon: a payment whose notification was lost settles here.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{Either, select};

use crate::deal::{Deal, DealStatus, OrderId, Reach, Reference};

use super::live::Turn;
use super::poll::outcome;
use super::{Gateway, GatewayError, OrderView};

/// How long a poll waits for WeChat.
const PATIENCE: Duration = Duration::from_secs(3);

/// Which deal a query is about.
#[derive(Debug, Clone)]
pub enum Subject {
    /// That of this number.
    Number(OrderId),
    /// The newest one with this number of the merchant's.
    Reference(Reference),
}

impl Gateway {
    /// How the deal stands now, for a caller with this reach. All callers that ask about one order at the same time share one
    /// call to WeChat, and wait for it for some seconds; then, and when there is no call to be had, the stored state is the answer.
    ///
    /// # Errors
    /// [`GatewayError::NotFound`], and why WeChat could not be asked, shared by all callers that waited for the same call.
    pub async fn query_order(self: &Arc<Self>, subject: Subject, reach: &Reach) -> Result<OrderView, Arc<GatewayError>> {
        let deal = self.find(&subject, reach).await?;
        self.stands(&deal).await
    }

    /// The same with the deal itself, for the merchant's back end.
    ///
    /// # Errors
    /// As [`query_order`](Self::query_order).
    pub async fn query_deal(self: &Arc<Self>, subject: Subject, reach: &Reach) -> Result<(OrderView, Deal), Arc<GatewayError>> {
        let deal = self.find(&subject, reach).await?;
        let view = self.stands(&deal).await?;
        let is_behind = view.is_final() && deal.status == DealStatus::Unpaid;
        let deal = if is_behind { self.load(&deal.order_id).await? } else { deal };
        Ok((view, deal))
    }

    async fn find(&self, subject: &Subject, reach: &Reach) -> Result<Deal, GatewayError> {
        let deal = match subject {
            Subject::Number(order_id) => self.load_within(order_id, reach).await?,
            Subject::Reference(reference) => {
                let newest = self.store.find_by_reference(reference, reach).await?.ok_or(GatewayError::NotFound)?;
                self.that_paid(newest).await?
            }
        };
        Self::is_about(&deal.order_id, &deal.account);
        Ok(deal)
    }

    pub(super) async fn stands(self: &Arc<Self>, deal: &Deal) -> Result<OrderView, Arc<GatewayError>> {
        if let Some(view) = self.decided(deal) {
            return Ok(view);
        }
        if !self.can_ask(deal) {
            return Ok(self.stored(deal));
        }
        match self.poll(&deal.route(), deal.into()) {
            Turn::Shared(waiting) => match select(pin!(outcome(waiting, &deal.order_id)), pin!(self.clock.pause(PATIENCE))).await {
                Either::Left((answer, _)) => answer,
                // It goes on, and what it brings is there for the next poll.
                Either::Right(_) => Ok(self.stored(&self.load(&deal.order_id).await?)),
            },
            Turn::Recent(view) => Ok(view),
            Turn::NotNow => Ok(self.stored(deal)),
        }
    }
}
