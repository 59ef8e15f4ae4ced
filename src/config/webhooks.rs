//! The sections `webhooks.<name>`: endpoints of the merchant's, and which events each is told.

use std::collections::BTreeSet;
use std::fmt;
use std::net::SocketAddr;

use reqwest::Url;
use serde::Deserialize;

use crate::deal::{AccountId, EndpointName, EventType};
use crate::language::Text;
use crate::webhook::{self, InvalidSecret, Secret, Wanted};

use super::checks::{list, value};
use super::error::ConfigError;
use super::mistakes::{ConfigErrors, Mistakes};
use super::origin::Origins;
use super::reach::reach;
use super::secrets::Secrets;
use super::table::{Shown, plain, secret};
use super::webhook_url::{self, destination};
use super::webhook_words as words;

/// An endpoint.
#[derive(Clone)]
pub struct WebhookSettings {
    /// Its name.
    pub name: EndpointName,
    /// Where events are posted.
    pub url: Url,
    /// By what they are signed.
    pub secrets: webhook::Secrets,
    /// Which they are.
    pub wanted: Wanted,
    /// Whether it may be at an address that others cannot reach, or at one of this service's own.
    pub allow_private: bool,
}

/// An endpoint as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawWebhook {
    url: String,
    secret: String,
    secret_file: String,
    previous_secret: String,
    previous_secret_file: String,
    events: String,
    accounts: String,
    sellers: String,
    allow_private: bool,
}

impl WebhookSettings {
    /// What the endpoint is told.
    pub(super) fn told(&self) -> impl Iterator<Item = Text> {
        let told = words::told(&self.name, self.url.host_str().unwrap_or_default(), &self.wanted);
        let previous = self.secrets.previous.as_ref().map(|_| words::previous_secret(&self.name));
        [told].into_iter().chain(previous)
    }
}

/// Without the URL, of which a part may be a secret.
impl fmt::Debug for WebhookSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, wanted, allow_private, .. } = self;
        let mut told = f.debug_struct("WebhookSettings");
        told.field("name", name).field("wanted", wanted).field("allow_private", allow_private).finish_non_exhaustive()
    }
}

fn section(name: &str) -> String {
    format!("webhooks.{name}")
}

impl RawWebhook {
    /// With the secrets that are written elsewhere.
    pub fn take_secrets(&mut self, name: &str, secrets: &Secrets, origins: &mut Origins) -> Result<(), ConfigErrors> {
        let mut mistakes = Mistakes::default();
        for (key, value, file) in
            [("secret", &mut self.secret, &self.secret_file), ("previous_secret", &mut self.previous_secret, &self.previous_secret_file)]
        {
            mistakes.take(secrets.fill(&format!("{}.{key}", section(name)), value, file, origins));
        }
        mistakes.or_else(Some(()))
    }

    /// `accounts`: those that there are. `listeners`: this service's own, by their keys.
    pub fn validate(&self, name: &str, accounts: &[AccountId], listeners: &[(&str, SocketAddr)]) -> Result<WebhookSettings, ConfigErrors> {
        let (mut mistakes, section) = (Mistakes::default(), section(name));
        let url = destination(&format!("{section}.url"), &self.url, self.allow_private, listeners);
        let (url, secrets) = (mistakes.take(url), mistakes.take(self.secrets(&section)));
        let name = mistakes.take(name.parse().map_err(|_| value(&section, words::name())));
        let types = mistakes.take(self.types(&format!("{section}.events")));
        let reach = mistakes.take(reach(&section, &self.accounts, &self.sellers, accounts));
        let made = || {
            let wanted = Wanted { types: types?, reach: reach? };
            Some(WebhookSettings { name: name?, url: url?, secrets: secrets?, wanted, allow_private: self.allow_private })
        };
        mistakes.or_else(made())
    }

    fn secrets(&self, section: &str) -> Result<webhook::Secrets, ConfigErrors> {
        let mut mistakes = Mistakes::default();
        let place = |key: &str| format!("{section}.{key}");
        let read = |key: &str, text: &str| match text.parse::<Secret>() {
            Ok(secret) if is_varied(text) => Ok(secret),
            Ok(_) | Err(InvalidSecret) => Err(value(&place(key), words::secret())),
        };
        let present = match self.secret.as_str() {
            "" => Err(value(&place("secret"), words::no_secret())),
            secret => read("secret", secret),
        };
        let previous = match self.previous_secret.as_str() {
            "" => Ok(None),
            same if same == self.secret => Err(value(&place("previous_secret"), words::same_secret())),
            secret => read("previous_secret", secret).map(Some),
        };
        let both = mistakes.take(present).zip(mistakes.take(previous));
        mistakes.or_else(both.map(|(present, previous)| webhook::Secrets { present, previous }))
    }

    fn types(&self, key: &str) -> Result<BTreeSet<EventType>, ConfigError> {
        let types = list(&self.events).map(EventType::from_word).collect::<Option<BTreeSet<_>>>();
        // A list of nothing is not what was meant.
        let types = types.filter(|types| self.events.is_empty() || !types.is_empty()).ok_or_else(|| value(key, words::events()))?;
        Ok(if types.is_empty() { EventType::ALL.into() } else { types })
    }

    /// Under its name.
    pub fn shown(&self, name: &str) -> [(String, Shown); 9] {
        let row = |key, value| (format!("{}.{key}", section(name)), value);
        [
            row("url", webhook_url::shown(&self.url)),
            row("secret", secret(&self.secret)),
            row("secret_file", plain(&self.secret_file)),
            row("previous_secret", secret(&self.previous_secret)),
            row("previous_secret_file", plain(&self.previous_secret_file)),
            row("events", plain(&self.events)),
            row("accounts", plain(&self.accounts)),
            row("sellers", plain(&self.sellers)),
            row("allow_private", plain(self.allow_private)),
        ]
    }
}

/// Whether a secret can be a random one: of 24 bytes' Base64 some two dozen characters differ.
fn is_varied(secret: &str) -> bool {
    let digits = secret.split_once('_').map_or(secret, |(_, digits)| digits);
    digits.chars().collect::<BTreeSet<_>>().len() >= 8
}

/// Endpoints at the address of an earlier one, which is told everything twice: which, and the earlier one.
pub fn at_one_address(webhooks: &[WebhookSettings]) -> impl Iterator<Item = (&EndpointName, &EndpointName)> {
    let earlier = |number: usize, url: &Url| webhooks.iter().take(number).find(move |other| other.url == *url);
    webhooks.iter().enumerate().filter_map(move |(number, it)| Some((&it.name, &earlier(number, &it.url)?.name)))
}
