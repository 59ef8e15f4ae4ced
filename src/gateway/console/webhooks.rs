//! How the merchant's endpoints stand, what goes to them, and what their operator does about it.

use tracing::info;

use crate::deal::{DeliveryList, EndpointName, EventId, ListedDelivery, NewAudit};
use crate::gateway::resend::wants;
use crate::gateway::{Gateway, GatewayError};
use crate::store::EndpointStanding;
use crate::webhook::Endpoint;

/// An endpoint, as an operator looks at it.
#[derive(Debug, Clone)]
pub struct StandingEndpoint {
    /// Its name.
    pub name: EndpointName,
    /// At which host it is. The rest of its URL may be a secret.
    pub host: String,
    /// How its deliveries stand; counted up to a thousand.
    pub standing: EndpointStanding,
    /// Whether this instance tries it once a minute only, because it does not answer.
    pub is_left_alone: bool,
}

impl Gateway {
    /// How the endpoints stand, in the configuration's order.
    ///
    /// # Errors
    /// When the store cannot tell.
    pub async fn standing_endpoints(&self) -> Result<Vec<StandingEndpoint>, GatewayError> {
        let mut endpoints = Vec::with_capacity(self.endpoints.len());
        for Endpoint { name, url, .. } in &self.endpoints {
            let standing = self.store.endpoint_standing(name).await?;
            let is_left_alone = self.is_circuit_open(name);
            let host = url.host_str().unwrap_or_default().to_owned();
            endpoints.push(StandingEndpoint { name: name.clone(), host, standing, is_left_alone });
        }
        Ok(endpoints)
    }

    /// So many deliveries to an endpoint.
    ///
    /// # Errors
    /// When the store cannot tell.
    pub async fn deliveries_to(
        &self,
        endpoint: &EndpointName,
        list: DeliveryList,
        limit: u32,
    ) -> Result<Vec<ListedDelivery>, GatewayError> {
        Ok(self.store.deliveries_to(endpoint, list, limit).await?)
    }

    /// Lets an endpoint that has said 410 be delivered to again, as a user says; `false`: it is not paused.
    ///
    /// # Errors
    /// When the store cannot do it.
    pub async fn resume_endpoint_by(&self, endpoint: &EndpointName, by: NewAudit) -> Result<bool, GatewayError> {
        let is_resumed = self.store.resume_endpoint_by(endpoint, by).await?;
        if is_resumed {
            info!(%endpoint, "an endpoint that was paused (410) is delivered to again, as a user of the console says");
        }
        Ok(is_resumed)
    }

    /// Has an event delivered to an endpoint from now on, as a user says; `false`: it waits for its first try. `None`: the event is no
    /// longer kept, or the endpoint is not configured or wants none like it.
    ///
    /// # Errors
    /// When the store cannot do it.
    pub async fn resend_by(&self, endpoint: &EndpointName, event_id: &EventId, by: NewAudit) -> Result<Option<bool>, GatewayError> {
        let Some(endpoint) = self.endpoints.iter().find(|configured| configured.name == *endpoint) else { return Ok(None) };
        let event = self.store.outbox_event(event_id).await?.filter(|event| wants(endpoint, event));
        let Some(event) = event else { return Ok(None) };
        let order_id = self.store.order_of_event(event_id).await?;
        let by = if let Some(order_id) = &order_id { by.of_order(order_id) } else { by };
        let is_due = self.store.resend_by(&endpoint.name, event.position, self.now_by_database(), by).await?;
        if is_due {
            info!(endpoint = %endpoint.name, %event_id, "an event is sent again, as a user of the console says");
            self.lines.planned(&endpoint.name).notify_one();
        }
        Ok(Some(is_due))
    }
}
