//! Telling an endpoint of one event once more, at an operator's wish.

use crate::deal::{EndpointName, EventId, EventType, NewAudit};
use crate::gateway::{Gateway, GatewayError};

impl Gateway {
    /// Has an event delivered to an endpoint from now on; `false`: the endpoint wants it no more, or it is on its way already. Who asked
    /// for it is written with that.
    ///
    /// # Errors
    /// [`GatewayError::NotFound`]: there is no such endpoint, or the event is no longer kept; and when the store cannot do it.
    pub async fn resend_for(&self, endpoint: &EndpointName, event_id: &EventId, by: NewAudit) -> Result<bool, GatewayError> {
        let endpoint = self.endpoints.iter().find(|known| known.name == *endpoint).ok_or(GatewayError::NotFound)?;
        let event = self.store.outbox_event(event_id).await?.ok_or(GatewayError::NotFound)?;
        let event_type = EventType::from_word(&event.event_type);
        if !event_type.is_some_and(|event_type| endpoint.wanted.has(event_type, event.merchant_id, &event.account)) {
            return Ok(false);
        }
        let by = by.to(endpoint.name.as_str()).with(event_id.as_str());
        let by = event.order_id.as_ref().map_or_else(|| by.clone(), |order_id| by.clone().of_order(order_id));
        Ok(self.store.resend(&endpoint.name, vec![event.position], Some(by), self.now_by_database()).await? > 0)
    }
}
