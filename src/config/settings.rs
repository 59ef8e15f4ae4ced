//! The configuration as the program uses it.

use std::net::SocketAddr;

use axum::http::{HeaderName, HeaderValue};
use ipnet::IpNet;
use serde::Deserialize;

use crate::auth::Auth;
use crate::channel::wechat::v2::{Endpoints, Merchant};
use crate::deal::{Fen, OrderId};
use crate::gateway::Terms;
use crate::store::DatabaseUrl;

use super::error::ConfigError;

/// Everything that an operator may decide.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The listener.
    pub server: ServerSettings,
    /// Where deals are kept.
    pub database: DatabaseUrl,
    /// Where `/metrics` is shown; `None`: nowhere.
    pub metrics_listen: Option<SocketAddr>,
    /// Be ready although the database may lose what it acknowledged.
    pub accept_weak_durability: bool,
    /// How many changes travel in one transaction at most.
    pub largest_batch: usize,
    /// The real WeChat; `None`: the simulator.
    pub wechat: Option<Wechat>,
    /// From where notifications are taken; empty: from everywhere.
    pub notify_sources: Vec<IpNet>,
    /// Who may open a deal.
    pub auth: Auth,
    /// How deals live.
    pub terms: Terms,
    /// The highest price of one deal.
    pub max_price: Fen,
    /// The payer's page.
    pub page: PageSettings,
    /// How often one caller may open deals.
    pub limits: LimitSettings,
    /// Calls to WeChat that the sweeper may make a second; 0: it does not sweep.
    pub sweep_calls_per_second: u32,
    /// The built-in WeChat.
    pub simulator: SimulatorSettings,
    /// The file that was read beside the environment, if a profile is named.
    pub profile: Option<String>,
    /// What is no mistake, and most likely not meant.
    pub warnings: Vec<String>,
}

impl Settings {
    /// Whether the simulator may be WeChat, if it would be: its key is published, so it could make any order of a real
    /// database paid. A service whose credentials were forgotten must not become one.
    pub fn may_simulate(&self) -> Result<(), ConfigError> {
        let SimulatorSettings { accept_database, forbidden_by, .. } = &self.simulator;
        if self.wechat.is_some() || *accept_database || forbidden_by.is_empty() {
            return Ok(());
        }
        Err(ConfigError::Simulator(forbidden_by.clone()))
    }
}

/// The listener.
#[derive(Debug, Clone)]
pub struct ServerSettings {
    /// Address and port.
    pub listen: SocketAddr,
    /// Who is believed about whose call it is.
    pub trusted_proxies: Vec<IpNet>,
    /// In which header they say it.
    pub client_ip_header: HeaderName,
    /// Whose pages may call.
    pub cors_origins: Vec<HeaderValue>,
    /// Which headers they may send, beside those of the API.
    pub cors_headers: Vec<HeaderName>,
    /// Connections at once.
    pub max_connections: usize,
}

/// The payer's page.
#[derive(Debug, Clone)]
pub struct PageSettings {
    /// Who sells; empty: nobody is named.
    pub merchant_name: String,
    /// Where the page leads once the order is paid.
    pub return_url: Option<ReturnUrl>,
    /// The public address of this service, without a slash at its end; empty: unknown.
    pub base_url: String,
}

impl PageSettings {
    /// The address of an order's page: absolute where the public one is known.
    pub fn address_of(&self, order_id: &OrderId) -> String {
        format!("{}/pay/{}", self.base_url, in_a_url(order_id))
    }
}

/// An address with `{order_id}` to be filled in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReturnUrl(pub(super) String);

impl ReturnUrl {
    /// The address for one order.
    pub fn of(&self, order_id: &OrderId) -> String {
        self.0.replace(ORDER_ID, &in_a_url(order_id))
    }
}

/// Where the number goes.
pub(super) const ORDER_ID: &str = "{order_id}";

/// The number as a path's segment or a query's value. (Ours have digits only, but an adopted one may have a `|`.)
fn in_a_url(order_id: &OrderId) -> String {
    form_urlencoded::byte_serialize(order_id.as_str().as_bytes()).collect()
}

/// How often one caller may open deals: toPay calls a minute, 0 for no limit.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LimitSettings {
    /// From one address.
    pub per_address: u32,
    /// For one merchant.
    pub per_merchant: u32,
}

/// A WeChat with credentials.
#[derive(Debug, Clone)]
pub struct Wechat {
    /// Who we are.
    pub merchant: Merchant,
    /// Where it is.
    pub endpoints: Endpoints,
}

/// The built-in WeChat.
#[derive(Debug, Clone)]
pub struct SimulatorSettings {
    /// Address and port.
    pub listen: SocketAddr,
    /// How many times faster than WeChat it repeats notifications.
    pub time_scale: u32,
    /// The merchant it knows: the configured one, or its own.
    pub merchant: Merchant,
    /// Whether it may decide about a database that a real service could have.
    pub accept_database: bool,
    /// What tells that this is meant to be a real service, whose credentials are missing.
    pub forbidden_by: Vec<String>,
}

/// What is in force, without secrets: for `check-config`.
impl std::fmt::Display for Settings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "profile             {}", self.profile.as_deref().unwrap_or("none"))?;
        writeln!(f, "listen              {}", self.server.listen)?;
        writeln!(f, "database            {}", self.database)?;
        if !self.database.names().prefix().is_empty() {
            writeln!(f, "tables              {}, …", self.database.names().table("deal"))?;
        }
        match self.metrics_listen {
            Some(listen) => writeln!(f, "metrics             http://{listen}/metrics")?,
            None => writeln!(f, "metrics             not shown (metrics.listen)")?,
        }
        match &self.wechat {
            Some(wechat) => {
                let host = |url: &reqwest::Url| url.host_str().unwrap_or_default().to_owned();
                writeln!(f, "WeChat              {}", host(&wechat.endpoints.primary))?;
                writeln!(f, "backup              {}", wechat.endpoints.backup.as_ref().map_or("none".to_owned(), host))?;
                if let Some(proxy) = &wechat.endpoints.proxy {
                    writeln!(f, "through the proxy   {proxy}")?;
                }
                writeln!(f, "appid, mch_id       {}, {}", wechat.merchant.appid, wechat.merchant.mch_id)?;
                writeln!(f, "sign_type           {}", wechat.merchant.signer.sign_type().as_str())?;
                if wechat.merchant.previous_key.is_some() {
                    writeln!(f, "API key             a new one, and the previous one is believed too")?;
                }
                writeln!(f, "notify_url          {}", wechat.merchant.notify_url)?;
            }
            None => writeln!(f, "WeChat              the simulator, on {}: no money moves", self.simulator.listen)?,
        }
        writeln!(f, "deal lives          {} s", self.terms.expire_after.num_seconds())?;
        writeln!(f, "highest price       {} yuan", self.max_price)?;
        writeln!(f, "payer's page        {}/pay/…", self.page.base_url)?;
        writeln!(f, "leads to            {}", self.page.return_url.as_ref().map_or("nowhere", |url| &url.0))?;
        if !self.notify_sources.is_empty() {
            writeln!(f, "notifications from  {} networks", self.notify_sources.len())?;
        }
        writeln!(f, "who may open deals  {}", self.auth)
    }
}
