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
use crate::store::{DatabaseUrl, LARGEST_BATCH, TableNames};

use super::error::ConfigError;
use super::mistakes::{ConfigErrors, Mistakes};
use super::page::RawPage;
use super::secrets::Secrets;
use super::settings::{LimitSettings, ServerSettings, Settings, SimulatorSettings, Wechat};

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
    table_prefix: String,
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
    accept_database: bool,
}

pub(super) fn value(key: &'static str, why: &'static str) -> ConfigError {
    ConfigError::Value { key, why }
}

impl Raw {
    /// With the secrets that are written elsewhere.
    pub fn with_secrets(mut self, secrets: &Secrets) -> Result<Self, ConfigErrors> {
        let (database, wechat, auth) = (&mut self.database, &mut self.wechat, &mut self.auth);
        let mut mistakes = Mistakes::default();
        for (key, value, file) in [
            ("database.url", &mut database.url, &database.url_file),
            ("wechat.api_key", &mut wechat.api_key, &wechat.api_key_file),
            ("wechat.previous_api_key", &mut wechat.previous_api_key, &wechat.previous_api_key_file),
            ("wechat.proxy", &mut wechat.proxy, &wechat.proxy_file),
            ("auth.api_keys", &mut auth.api_keys, &auth.api_keys_file),
            ("auth.signing_secrets", &mut auth.signing_secrets, &auth.signing_secrets_file),
        ] {
            mistakes.take(secrets.fill(key, value, file));
        }
        if database.url.is_empty() {
            DEFAULT_DATABASE.clone_into(&mut database.url);
        }
        mistakes.or_else(Some(self))
    }

    pub fn validate(self) -> Result<Settings, ConfigErrors> {
        let mut mistakes = Mistakes::default();
        let server = mistakes.take(self.server.validate());
        let tables = self.database.table_prefix.parse::<TableNames>();
        let tables = mistakes.take(tables.map_err(|_| value("database.table_prefix", "at most 20 of the letters a to z, digits and _")));
        let database = mistakes.take(self.database.url.parse::<DatabaseUrl>().map_err(ConfigError::from));
        let database = database.zip(tables).map(|(database, tables)| database.with_tables(tables));
        let is_batch = (1..=LARGEST_BATCH).contains(&self.database.largest_batch);
        mistakes.check(is_batch, "database.largest_batch", "1 to 64");
        let metrics_listen = match self.metrics.listen.as_str() {
            "" => None,
            listen => mistakes.take(address("metrics.listen", listen)),
        };
        let has_credentials = mistakes.take(self.wechat.has_credentials()).unwrap_or(false);
        let auth = mistakes.take(self.auth.validate(has_credentials));
        let simulator = mistakes.take(self.simulator.validate());
        let merchant = mistakes.take(self.wechat.merchant(has_credentials));
        let max_price = mistakes.take(self.deal.max_price());
        let terms = mistakes.take(self.terms());
        let notify_sources = mistakes.take(networks("wechat.notify_sources", &self.wechat.notify_sources));
        let endpoints = if has_credentials { mistakes.take(self.wechat.endpoints(merchant.as_ref())) } else { None };
        let wechat = merchant.clone().zip(endpoints).map(|(merchant, endpoints)| Wechat { merchant, endpoints });
        let page = mistakes.take(self.page.validate());
        let made = || {
            let (server, database, simulator_listen) = (server?, database?, simulator?);
            let forbidden_by = self.forbids_simulating(&server, &database, simulator_listen);
            Some(Settings {
                metrics_listen,
                accept_weak_durability: self.database.accept_weak_durability,
                largest_batch: self.database.largest_batch,
                wechat,
                notify_sources: notify_sources?,
                auth: auth?,
                terms: terms?,
                max_price: max_price?,
                page: page?,
                limits: self.limits,
                sweep_calls_per_second: self.sweep.calls_per_second,
                simulator: SimulatorSettings {
                    listen: simulator_listen,
                    time_scale: self.simulator.time_scale,
                    merchant: merchant?,
                    accept_database: self.simulator.accept_database,
                    forbidden_by,
                },
                server,
                database,
                profile: None,
                warnings: Vec::new(),
            })
        };
        mistakes.or_else(made())
    }

    fn terms(&self) -> Result<Terms, ConfigErrors> {
        let mut mistakes = Mistakes::default();
        mistakes.check((1..=7200).contains(&self.deal.expire_after), "deal.expire_after", "1 to 7200 seconds");
        mistakes.check((0..=7200).contains(&self.deal.close_min_age), "deal.close_min_age", "0 to 7200 seconds");
        let (body, schedule) = (mistakes.take(self.wechat.checked_body()), mistakes.take(self.sweep.schedule()));
        let terms = |(body, schedule)| Terms {
            expire_after: TimeDelta::seconds(self.deal.expire_after),
            close_min_age: TimeDelta::seconds(self.deal.close_min_age),
            body,
            query_budget: self.wechat.query_budget,
            schedule,
        };
        mistakes.or_else(body.zip(schedule).map(terms))
    }

    /// What tells that this is meant to be a real service, so that without credentials it is none that may simulate.
    fn forbids_simulating(&self, server: &ServerSettings, database: &DatabaseUrl, simulator_listen: SocketAddr) -> Vec<String> {
        let mut signs = Vec::new();
        if !database.is_sqlite() {
            signs.push("database.url names a MySQL or MariaDB database".to_owned());
        }
        let useless = [self.wechat.set_without_credentials(), self.auth.set_without_credentials()].concat();
        if !useless.is_empty() {
            let verb = if useless.len() == 1 { "is" } else { "are" };
            signs.push(format!("{} {verb} set", useless.join(", ")));
        }
        let listeners = [("server.listen", server.listen), ("simulator.listen", simulator_listen)];
        for (key, listen) in listeners.into_iter().filter(|(_, listen)| !listen.ip().to_canonical().is_loopback()) {
            signs.push(format!("{key} {listen} can be reached from other machines"));
        }
        signs
    }
}

impl RawDeal {
    fn max_price(&self) -> Result<Fen, ConfigError> {
        const KEY: &str = "deal.max_price";
        let price = Fen::from_yuan(&self.max_price).map_err(|_| value(KEY, "an amount in yuan such as 100000.00"))?;
        // What could be opened and never be settled, for WeChat could not name it.
        match Fen::from_total_fee(&price.get().to_string()) {
            Some(price) => Ok(price),
            None => Err(value(KEY, "at most 99999999.99: WeChat's total_fee has at most ten digits")),
        }
    }
}

impl RawSimulator {
    fn validate(&self) -> Result<SocketAddr, ConfigErrors> {
        let mut mistakes = Mistakes::default();
        mistakes.check(self.time_scale > 0, "simulator.time_scale", "at least 1");
        let listen = mistakes.take(address("simulator.listen", &self.listen));
        mistakes.or_else(listen)
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
    fn validate(&self) -> Result<ServerSettings, ConfigErrors> {
        let mut mistakes = Mistakes::default();
        mistakes.check(self.max_connections >= 4, "server.max_connections", "at least 4");
        let client_ip_header = self.client_ip_header.parse();
        let client_ip_header = client_ip_header.map_err(|_| value("server.client_ip_header", "a header's name such as x-real-ip"));
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
        let listen = mistakes.take(address("server.listen", &self.listen));
        let trusted_proxies = mistakes.take(networks("server.trusted_proxies", &self.trusted_proxies));
        let client_ip_header = mistakes.take(client_ip_header);
        let cors_origins = mistakes.take(cors_origins.collect::<Result<_, _>>());
        let cors_headers = mistakes.take(cors_headers.collect::<Result<_, _>>());
        let made = || {
            Some(ServerSettings {
                listen: listen?,
                trusted_proxies: trusted_proxies?,
                client_ip_header: client_ip_header?,
                cors_origins: cors_origins?,
                cors_headers: cors_headers?,
                max_connections: self.max_connections,
            })
        };
        mistakes.or_else(made())
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
    let url = Url::parse(text).map_err(|_| value(key, "a whole URL such as https://pay.example.com/path"))?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(value(key, "without user and password"));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(value(key, "without a query: nothing may follow the path"));
    }
    match url.scheme() {
        "https" => Ok(url),
        "http" if is_loopback(&url) => Ok(url),
        "http" => Err(value(key, NO_HTTP)),
        _ => Err(value(key, "an https URL (http is for loopback hosts only)")),
    }
}

const NO_HTTP: &str = "https is wanted: http is for loopback hosts only, since what travels unencrypted can be read and changed on the way, \
                       in a private network too. Where WeChat is reached through another machine, give that one a certificate, or name it as \
                       wechat.proxy and leave the URL as WeChat's own";
