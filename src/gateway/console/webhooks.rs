//! How the merchant's endpoints stand, and what goes to them.

use crate::deal::{DeliveryList, EndpointName, ListedDelivery};
use crate::gateway::{Gateway, GatewayError};
use crate::store::EndpointStanding;

/// An endpoint, as an operator looks at it.
#[derive(Debug, Clone)]
pub struct StandingEndpoint {
    /// Its name.
    pub name: EndpointName,
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
        for endpoint in &self.endpoints {
            let name = endpoint.name.clone();
            let standing = self.store.endpoint_standing(&name).await?;
            let is_left_alone = self.lines.with_circuit(&name, self.clock.ticks(), |circuit, _| circuit.is_open());
            endpoints.push(StandingEndpoint { name, standing, is_left_alone });
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
}
