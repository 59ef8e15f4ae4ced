//! The demo shop's back end: an endpoint on this machine that is told of payments, as a merchant's would be.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::chance::Chance;
use crate::clock::Clock;
use crate::config::{Settings, WebhookSettings};
use crate::deal::{EndpointName, EventType, Reach};
use crate::http::BackEnd;
use crate::listener;
use crate::webhook::{Secret, Secrets, Wanted};

use super::{StartError, has_shop, listen};

/// The endpoint's name in the configuration.
pub const NAME: &str = "demo-shop";
/// What the payer reads whom it pays.
const MERCHANT: &str = "演示商店 Demo shop";
/// Of the one caller that there is.
const CONNECTIONS: usize = 32;

/// The back end with its listener.
pub struct DemoShop {
    /// What it was told.
    pub back_end: Arc<BackEnd>,
    listener: TcpListener,
}

impl DemoShop {
    /// Listens at a free port, and has events sent there; `None`: there is no shop, or an endpoint that is configured has its name.
    pub fn open(settings: &mut Settings, clock: &Clock, chance: &Chance) -> Result<Option<Self>, StartError> {
        if has_shop(settings) && settings.page.merchant_name.is_empty() {
            MERCHANT.clone_into(&mut settings.page.merchant_name);
            settings.terms.site = settings.page.site();
        }
        let Ok(name) = NAME.parse::<EndpointName>() else { return Ok(None) };
        if !has_shop(settings) || settings.webhooks.iter().any(|webhook| webhook.name == name) {
            return Ok(None);
        }
        let anywhere = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let listener = listen("webhooks.demo-shop.url", anywhere)?;
        let address =
            listener.local_addr().map_err(|error| StartError::Listen { key: "webhooks.demo-shop.url", address: anywhere, error })?;
        let Ok(url) = format!("http://{address}/events").parse() else { return Ok(None) };
        let secrets = Secrets { present: Secret::draw(chance), previous: None };
        let wanted = Wanted { types: EventType::ALL.into(), reach: Reach::default() };
        settings.webhooks.push(WebhookSettings { name, url, secrets: secrets.clone(), wanted, allow_private: false });
        Ok(Some(Self { back_end: Arc::new(BackEnd::new(secrets, clock.clone())), listener }))
    }

    /// Serves until `stop`.
    pub fn serve(self, stop: CancellationToken) -> JoinHandle<()> {
        tokio::spawn(listener::serve(self.listener, self.back_end.router(), CONNECTIONS, stop))
    }
}
