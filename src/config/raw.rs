//! The configuration as it is written. [`Raw::validate`] turns it into [`Settings`], or says what is wrong.

mod auth;
mod wechat;

use std::net::SocketAddr;

use axum::http::{HeaderName, HeaderValue, header};
use chrono::TimeDelta;
use ipnet::IpNet;
use reqwest::Url;
use serde::Deserialize;

use crate::deal::{Fen, Schedule};
use crate::gateway::Terms;
use crate::simulator;
use crate::store::{DatabaseUrl, LARGEST_BATCH};

use super::error::ConfigError;
use super::page::RawPage;
use super::secrets::Secrets;
use super::settings::{LimitSettings, ServerSettings, Settings, SimulatorSettings};

use auth::RawAuth;
use wechat::RawWechat;

/// Where deals are kept when nothing is said.
const DEFAULT_DATABASE: &str = "sqlite://data/deal.db";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Raw {
    server: RawServer,
    database: RawDatabase,
    metrics: RawMetrics,
    wechat: RawWechat,
    deal: RawDeal,
    auth: RawAuth,
    page: RawPage,
    limits: LimitSettings,
    sweep: RawSweep,
    simulator: RawSimulator,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawServer {
    listen: String,
    trusted_proxies: String,
    client_ip_header: String,
    cors_origins: String,
    cors_headers: String,
    max_connections: usize,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawDatabase {
    url: String,
    url_file: String,
    accept_weak_durability: bool,
    largest_batch: usize,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawMetrics {
    listen: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawDeal {
    expire_after: i64,
    close_min_age: i64,
    max_price: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawSweep {
    calls_per_second: u32,
    first_looks: String,
    pause: u32,
    young: u32,
    longest_pause: u32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawSimulator {
    listen: String,
    time_scale: u32,
}

pub(super) fn value(key: &'static str, why: &'static str) -> ConfigError {
    ConfigError::Value { key, why }
}

impl Raw {
    /// With the secrets that are written elsewhere.
    pub fn with_secrets(mut self, secrets: &Secrets) -> Result<Self, ConfigError> {
        let (database, wechat, auth) = (&mut self.database, &mut self.wechat, &mut self.auth);
        secrets.fill("database.url", &mut database.url, &database.url_file)?;
        secrets.fill("wechat.api_key", &mut wechat.api_key, &wechat.api_key_file)?;
        secrets.fill("wechat.previous_api_key", &mut wechat.previous_api_key, &wechat.previous_api_key_file)?;
        secrets.fill("auth.api_keys", &mut auth.api_keys, &auth.api_keys_file)?;
        secrets.fill("auth.signing_secrets", &mut auth.signing_secrets, &auth.signing_secrets_file)?;
        if database.url.is_empty() {
            DEFAULT_DATABASE.clone_into(&mut database.url);
        }
        Ok(self)
    }

    pub fn validate(self) -> Result<Settings, ConfigError> {
        let server = self.server.validate()?;
        let database = self.database.url.parse::<DatabaseUrl>()?;
        if !(1..=LARGEST_BATCH).contains(&self.database.largest_batch) {
            return Err(value("database.largest_batch", "1 to 64"));
        }
        let simulator_listen = address("simulator.listen", &self.simulator.listen)?;
        let metrics_listen = match self.metrics.listen.as_str() {
            "" => None,
            listen => Some(address("metrics.listen", listen)?),
        };
        if self.simulator.time_scale == 0 {
            return Err(value("simulator.time_scale", "at least 1"));
        }
        let has_credentials = self.wechat.has_credentials()?;
        let auth = self.auth.validate(has_credentials)?;
        let merchant_of_simulator = self.wechat.merchant(simulator::DEFAULT_MERCHANT)?;
        let simulator =
            SimulatorSettings { listen: simulator_listen, time_scale: self.simulator.time_scale, merchant: merchant_of_simulator };
        if !(1..=7200).contains(&self.deal.expire_after) {
            return Err(value("deal.expire_after", "1 to 7200 seconds"));
        }
        if !(0..=7200).contains(&self.deal.close_min_age) {
            return Err(value("deal.close_min_age", "0 to 7200 seconds"));
        }
        let terms = Terms {
            expire_after: TimeDelta::seconds(self.deal.expire_after),
            close_min_age: TimeDelta::seconds(self.deal.close_min_age),
            body: self.wechat.checked_body()?,
            query_budget: self.wechat.query_budget,
            schedule: self.sweep.schedule()?,
        };
        let max_price = Fen::from_yuan(&self.deal.max_price).map_err(|_| value("deal.max_price", "an amount in yuan such as 100000.00"))?;
        let wechat = if has_credentials { Some(self.wechat.validate()?) } else { None };
        Ok(Settings {
            server,
            database,
            metrics_listen,
            accept_weak_durability: self.database.accept_weak_durability,
            largest_batch: self.database.largest_batch,
            wechat,
            notify_sources: networks("wechat.notify_sources", &self.wechat.notify_sources)?,
            auth,
            terms,
            max_price,
            page: self.page.validate()?,
            limits: self.limits,
            sweep_calls_per_second: self.sweep.calls_per_second,
            simulator,
        })
    }
}

impl RawSweep {
    fn schedule(&self) -> Result<Schedule, ConfigError> {
        let seconds = |seconds: u32| TimeDelta::seconds(i64::from(seconds));
        let first = list(&self.first_looks).map(|text| text.parse::<u32>().ok().filter(|look| (1..=7200).contains(look)).map(seconds));
        let first: Vec<_> =
            first.collect::<Option<_>>().ok_or(value("sweep.first_looks", "seconds from 1 to 7200, separated by commas"))?;
        if !first.is_sorted() {
            return Err(value("sweep.first_looks", "the earlier look first"));
        }
        if self.pause == 0 || self.longest_pause < self.pause || self.longest_pause > 7200 {
            return Err(value("sweep.pause", "at least 1 second and at most sweep.longest_pause, which is at most 7200"));
        }
        Ok(Schedule { first, pause: seconds(self.pause), young: seconds(self.young), longest_pause: seconds(self.longest_pause) })
    }
}

impl RawServer {
    fn validate(&self) -> Result<ServerSettings, ConfigError> {
        if self.max_connections < 4 {
            return Err(value("server.max_connections", "at least 4"));
        }
        let client_ip_header = self.client_ip_header.parse();
        let client_ip_header = client_ip_header.map_err(|_| value("server.client_ip_header", "a header's name such as x-real-ip"))?;
        // A star would be all of them; and a key that a page has is everybody's.
        let cors_headers = list(&self.cors_headers).map(|name| {
            let header = name.parse::<HeaderName>().ok().filter(|header| *header != header::AUTHORIZATION && header.as_str() != "*");
            header.ok_or(value("server.cors_headers", "names of headers, separated by commas; neither authorization nor a star"))
        });
        let cors_origins = list(&self.cors_origins).map(|text| {
            let url =
                Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.origin().ascii_serialization() == text);
            let header = url.and_then(|_| HeaderValue::from_str(text).ok());
            header.ok_or(value("server.cors_origins", "origins such as https://shop.example.com, separated by commas"))
        });
        Ok(ServerSettings {
            listen: address("server.listen", &self.listen)?,
            trusted_proxies: networks("server.trusted_proxies", &self.trusted_proxies)?,
            client_ip_header,
            cors_origins: cors_origins.collect::<Result<_, _>>()?,
            cors_headers: cors_headers.collect::<Result<_, _>>()?,
            max_connections: self.max_connections,
        })
    }
}

fn list(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').map(str::trim).filter(|item| !item.is_empty())
}

fn networks(key: &'static str, text: &str) -> Result<Vec<IpNet>, ConfigError> {
    let network = |text: &str| text.parse::<IpNet>().ok().or_else(|| text.parse::<std::net::IpAddr>().ok().map(IpNet::from));
    let networks = list(text).map(|text| network(text).ok_or(value(key, "networks such as 10.0.0.0/8 or addresses, separated by commas")));
    networks.collect()
}

fn address(key: &'static str, text: &str) -> Result<SocketAddr, ConfigError> {
    text.parse().map_err(|_| value(key, "an address and a port such as 127.0.0.1:8360"))
}

/// Whether a host is this machine by its name or address.
pub(super) fn is_loopback(url: &Url) -> bool {
    match url.host_str() {
        Some("localhost") => true,
        Some(host) => host.trim_matches(['[', ']']).parse::<std::net::IpAddr>().is_ok_and(|address| address.to_canonical().is_loopback()),
        None => false,
    }
}

/// https, except for loopback hosts; no user, no query.
pub(super) fn endpoint(key: &'static str, text: &str) -> Result<Url, ConfigError> {
    let why = "an https URL without user and query (http is for loopback hosts only)";
    let url = Url::parse(text).map_err(|_| value(key, why))?;
    let safe = url.scheme() == "https" || (url.scheme() == "http" && is_loopback(&url));
    let plain = url.username().is_empty() && url.password().is_none() && url.query().is_none() && url.fragment().is_none();
    if safe && plain { Ok(url) } else { Err(value(key, why)) }
}
