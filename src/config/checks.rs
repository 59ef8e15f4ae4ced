//! Validation that several sections share: addresses, networks, URLs, lists.

use std::net::{IpAddr, SocketAddr};

use ipnet::IpNet;
use reqwest::Url;

use super::error::ConfigError;

/// What is expected of a key.
pub fn value(key: &'static str, why: &'static str) -> ConfigError {
    ConfigError::Value { key, why }
}

/// What stands between commas.
pub fn list(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').map(str::trim).filter(|item| !item.is_empty())
}

pub fn networks(key: &'static str, text: &str) -> Result<Vec<IpNet>, ConfigError> {
    let network = |text: &str| text.parse::<IpNet>().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from));
    let networks = list(text).map(|text| network(text).ok_or(value(key, "networks such as 10.0.0.0/8 or addresses, separated by commas")));
    networks.collect()
}

pub fn address(key: &'static str, text: &str) -> Result<SocketAddr, ConfigError> {
    text.parse().map_err(|_| value(key, "an address and a port such as 127.0.0.1:8360"))
}

/// Whether a host is this machine by its name or address.
pub fn is_loopback(url: &Url) -> bool {
    match url.host_str() {
        Some("localhost") => true,
        Some(host) => host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok_and(|address| address.to_canonical().is_loopback()),
        None => false,
    }
}

/// https, except for loopback hosts; no user, no query.
pub fn endpoint(key: &'static str, text: &str) -> Result<Url, ConfigError> {
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
