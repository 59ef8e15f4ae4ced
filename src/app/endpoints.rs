//! The merchant's endpoints with the ways to them, and who is told of what.

use std::net::SocketAddr;
use std::sync::Arc;

use tracing::warn;

use crate::auth::{Mode, Scope};
use crate::config::{Settings, WebhookSettings};
use crate::deal::Audience;
use crate::gateway::Gateway;
use crate::resolver::Resolver;
use crate::trust::{ExtraRoots, Trust};
use crate::webhook::{Endpoint, Guard, Sender};

/// Opens all endpoints. `listeners`: this service's own, to which no events go.
///
/// # Errors
/// No authority is known that could vouch for a host.
pub fn open(settings: &Settings, listeners: &[SocketAddr]) -> Result<Vec<Endpoint>, rustls::Error> {
    if settings.webhooks.is_empty() {
        return Ok(Vec::new());
    }
    let (trust, resolver, listeners) = (Trust::new(&ExtraRoots::default())?, Resolver::new(), Arc::<[SocketAddr]>::from(listeners));
    let open = |WebhookSettings { name, url, secrets, wanted, allow_private }: &WebhookSettings| {
        let guard = Guard::new(*allow_private, Arc::clone(&listeners));
        Ok(Endpoint {
            name: name.clone(),
            url: url.clone(),
            secrets: secrets.clone(),
            wanted: wanted.clone(),
            sender: Sender::http(guard, &trust, resolver.clone())?,
        })
    };
    settings.webhooks.iter().map(open).collect()
}

/// Says whose secret is being changed, at the start of a service: a tool has its own words for it.
pub fn warn_of_previous_secrets(settings: &Settings) {
    for WebhookSettings { name, .. } in settings.webhooks.iter().filter(|webhook| webhook.secrets.previous.is_some()) {
        warn!(endpoint = %name, "events are signed with the previous secret too: take it out when the endpoint knows the new one");
    }
}

/// What there is somebody to tell of: what endpoints want, and everything where the feed can be read.
pub fn audience(settings: &Settings) -> Audience {
    let is_demonstration = settings.is_simulated() && matches!(settings.auth.mode, Mode::Open);
    if is_demonstration || settings.auth.keys.callers().any(|caller| caller.may(Scope::Read)) {
        return Audience::of_all();
    }
    settings.webhooks.iter().flat_map(|webhook| webhook.wanted.types.iter().copied()).collect()
}

/// Lets endpoints that have said 410 be delivered to again: a service that is started is told so.
pub async fn resume(gateway: &Gateway) {
    for endpoint in gateway.endpoints() {
        gateway.resume_deliveries(&endpoint.name).await;
    }
}
