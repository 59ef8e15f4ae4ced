//! The configuration as it is written. [`Raw::validate`] turns it into [`Settings`], or says what is wrong.

use std::net::SocketAddr;

use axum::http::HeaderValue;
use chrono::TimeDelta;
use ipnet::IpNet;
use reqwest::Url;
use serde::Deserialize;

use crate::deal::{Fen, Schedule};
use crate::gateway::Terms;
use crate::simulator;
use crate::store::DatabaseUrl;
use crate::wechat::{ApiKey, Endpoints, Merchant, SignType, Signer, is_sendable};

use super::error::ConfigError;
use super::page::RawPage;
use super::settings::{LimitSettings, ServerSettings, Settings, SimulatorSettings, Wechat};

const OFFICIAL_BASE: &str = "https://api.mch.weixin.qq.com";
const OFFICIAL_BACKUP: &str = "https://api2.mch.weixin.qq.com";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Raw {
    server: RawServer,
    database: RawDatabase,
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
    cors_origins: String,
    max_connections: usize,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawDatabase {
    url: String,
    accept_weak_durability: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawWechat {
    appid: String,
    mch_id: String,
    api_key: String,
    sign_type: String,
    base_url: String,
    backup_base_url: String,
    notify_url: String,
    body: String,
    query_budget: u32,
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
struct RawAuth {
    mode: String,
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
    pub fn validate(self) -> Result<Settings, ConfigError> {
        let server = self.server.validate()?;
        let database = self.database.url.parse::<DatabaseUrl>()?;
        let simulator_listen = address("simulator.listen", &self.simulator.listen)?;
        if self.simulator.time_scale == 0 {
            return Err(value("simulator.time_scale", "at least 1"));
        }
        let has_credentials = self.wechat.has_credentials()?;
        match (self.auth.mode.as_str(), has_credentials) {
            ("open", _) | ("", false) => {}
            ("", true) => {
                let why = "must be set with real credentials: WECHAT_PAY__AUTH__MODE=open lets everybody who reaches the port open deals at any price";
                return Err(value("auth.mode", why));
            }
            _ => return Err(value("auth.mode", "this version knows only \"open\"")),
        }
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
            accept_weak_durability: self.database.accept_weak_durability,
            wechat,
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
        if self.max_connections == 0 {
            return Err(value("server.max_connections", "at least 1"));
        }
        let trusted_proxies = list(&self.trusted_proxies).map(|text| {
            let network = text.parse::<IpNet>().ok().or_else(|| text.parse::<std::net::IpAddr>().ok().map(IpNet::from));
            network.ok_or(value("server.trusted_proxies", "networks such as 10.0.0.0/8 or addresses, separated by commas"))
        });
        let cors_origins = list(&self.cors_origins).map(|text| {
            let url =
                Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.origin().ascii_serialization() == text);
            let header = url.and_then(|_| HeaderValue::from_str(text).ok());
            header.ok_or(value("server.cors_origins", "origins such as https://shop.example.com, separated by commas"))
        });
        Ok(ServerSettings {
            listen: address("server.listen", &self.listen)?,
            trusted_proxies: trusted_proxies.collect::<Result<_, _>>()?,
            cors_origins: cors_origins.collect::<Result<_, _>>()?,
            max_connections: self.max_connections,
        })
    }
}

impl RawWechat {
    /// All three, or none of them.
    fn has_credentials(&self) -> Result<bool, ConfigError> {
        let given = [("wechat.appid", &self.appid), ("wechat.mch_id", &self.mch_id), ("wechat.api_key", &self.api_key)];
        let missing: Vec<_> = given.iter().filter(|(_, value)| value.is_empty()).map(|(name, _)| *name).collect();
        match missing.len() {
            0 => Ok(true),
            3 => Ok(false),
            _ => Err(ConfigError::Credentials { missing: missing.join(" and ") }),
        }
    }

    fn sign_type(&self) -> Result<SignType, ConfigError> {
        [SignType::Md5, SignType::HmacSha256]
            .into_iter()
            .find(|sign_type| sign_type.as_str() == self.sign_type)
            .ok_or(value("wechat.sign_type", "MD5 or HMAC-SHA256"))
    }

    /// The merchant that is configured, or `default` if none is.
    fn merchant(&self, default: simulator::MerchantNumbers) -> Result<Merchant, ConfigError> {
        let (appid, mch_id, api_key) = match self.has_credentials()? {
            true => (self.appid.as_str(), self.mch_id.as_str(), self.api_key.as_str()),
            false => (default.appid, default.mch_id, default.api_key),
        };
        let plain = |text: &str| (1..=32).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric());
        if !plain(appid) {
            return Err(value("wechat.appid", "at most 32 letters and digits, such as wx0123456789abcdef"));
        }
        if !plain(mch_id) {
            return Err(value("wechat.mch_id", "at most 32 digits"));
        }
        let signer = Signer::new(ApiKey::new(api_key)?, self.sign_type()?);
        Ok(Merchant { appid: appid.to_owned(), mch_id: mch_id.to_owned(), signer, notify_url: self.notify_url.clone() })
    }

    fn checked_body(&self) -> Result<String, ConfigError> {
        if self.body.trim().is_empty() || !is_sendable(&self.body) {
            return Err(value("wechat.body", "a plain text without &, =, emoji and control characters"));
        }
        Ok(self.body.clone())
    }

    fn validate(&self) -> Result<Wechat, ConfigError> {
        let merchant = self.merchant(simulator::DEFAULT_MERCHANT)?;
        let primary = endpoint("wechat.base_url", &self.base_url)?;
        if merchant.signer.uses_key(simulator::DEFAULT_MERCHANT.api_key) && !is_loopback(&primary) {
            return Err(value("wechat.api_key", "this is the simulator's key, which everybody knows"));
        }
        // A service that was pointed elsewhere must never fall back to the real WeChat by itself.
        let backup = match self.backup_base_url.as_str() {
            "" => None,
            OFFICIAL_BACKUP if self.base_url.trim_end_matches('/') != OFFICIAL_BASE => None,
            url => Some(endpoint("wechat.backup_base_url", url)?),
        };
        check_notify_url(&self.notify_url)?;
        Ok(Wechat { merchant, endpoints: Endpoints { primary, backup } })
    }
}

fn list(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').map(str::trim).filter(|item| !item.is_empty())
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

/// What WeChat accepts (protocol file, 7.4), and what the signature cannot be confused by.
fn check_notify_url(text: &str) -> Result<(), ConfigError> {
    const KEY: &str = "wechat.notify_url";
    if text.is_empty() {
        return Err(value(KEY, "is required with credentials: the public https URL of /wxPay/notify"));
    }
    if text.len() > 256 || !text.is_ascii() || !is_sendable(text) || text.contains(char::is_whitespace) {
        return Err(value(KEY, "at most 256 plain characters"));
    }
    endpoint(KEY, text).map(|_| ())
}
