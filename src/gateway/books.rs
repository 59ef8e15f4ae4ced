//! The books, for the merchant's back end: lists of deals, one with all that is known of it, and takings. WeChat is not asked.

use std::sync::Arc;

use crate::deal::{Deal, DealPage, EventDelivery, Listing, OrderId, Place, Reach, Refund, Takings, TakingsWish};
use crate::store::StoredEvent;

use super::{Gateway, GatewayError};

/// A deal with all that is known of it.
#[derive(Debug, Clone)]
pub struct WholeDeal {
    /// The deal.
    pub deal: Deal,
    /// Its refunds, oldest first.
    pub refunds: Vec<Refund>,
    /// Its journal, oldest first.
    pub events: Vec<StoredEvent>,
    /// Its events on their way to the merchant's endpoints, oldest first.
    pub deliveries: Vec<EventDelivery>,
}

impl Gateway {
    /// A page of a list of deals.
    ///
    /// # Errors
    /// When the store cannot tell.
    pub async fn list_deals(&self, listing: &Arc<Listing>, after: Option<Place>, limit: u32) -> Result<DealPage, GatewayError> {
        Ok(self.store.books().deals(listing, after, limit).await?)
    }

    /// All that is known of a deal, for a caller with this reach. What endpoints have answered may be about others' orders, so a caller
    /// with limits is not told of it.
    ///
    /// # Errors
    /// [`GatewayError::NotFound`], and when the store cannot tell.
    pub async fn whole_deal(&self, order_id: &OrderId, reach: &Reach) -> Result<WholeDeal, GatewayError> {
        let deal = self.load_within(order_id, reach).await?;
        Self::is_about(&deal.order_id, &deal.account);
        let (refunds, events) = (self.store.find_refunds(order_id).await?, self.store.events(order_id).await?);
        let mut deliveries = self.store.deliveries_of(order_id).await?;
        if !reach.is_everything() {
            deliveries.iter_mut().for_each(|delivery| delivery.answer = None);
        }
        Ok(WholeDeal { deal, refunds, events, deliveries })
    }

    /// What was paid and what went back; `None`: by too many sellers or products for one answer.
    ///
    /// # Errors
    /// When the store cannot tell.
    pub async fn takings(&self, wish: &TakingsWish) -> Result<Option<Takings>, GatewayError> {
        Ok(self.store.books().takings(wish).await?)
    }
}
