//! Validation that several sections share: addresses, networks, URLs, lists.

use std::net::{IpAddr, SocketAddr};

use ipnet::IpNet;
use reqwest::Url;

use crate::language::{Text, pair};

use super::error::ConfigError;

/// What is expected of a key.
pub fn value(key: &str, why: Text) -> ConfigError {
    ConfigError::Value { key: key.to_owned(), why }
}

/// What stands between commas.
pub fn list(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').map(str::trim).filter(|item| !item.is_empty())
}

pub fn networks(key: &str, text: &str) -> Result<Vec<IpNet>, ConfigError> {
    let network = |text: &str| text.parse::<IpNet>().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from));
    let networks = list(text).map(|text| {
        network(text).ok_or(value(
            key,
            pair("networks such as 10.0.0.0/8 or addresses, separated by commas", "应为网段（如 10.0.0.0/8）或地址，逗号分隔"),
        ))
    });
    networks.collect()
}

pub fn address(key: &str, text: &str) -> Result<SocketAddr, ConfigError> {
    text.parse().map_err(|_| value(key, pair("an address and a port such as 127.0.0.1:8360", "应为地址和端口，如 127.0.0.1:8360")))
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
pub fn endpoint(key: &str, text: &str) -> Result<Url, ConfigError> {
    let url = Url::parse(text).map_err(|_| {
        value(key, pair("a whole URL such as https://pay.example.com/path", "应为完整的 URL，如 https://pay.example.com/path"))
    })?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(value(key, pair("without user and password", "不能带用户和密码")));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(value(key, pair("without a query: nothing may follow the path", "不能带参数：路径之后不能再有内容")));
    }
    match url.scheme() {
        "https" => Ok(url),
        "http" if is_loopback(&url) => Ok(url),
        "http" => Err(value(key, no_http())),
        _ => Err(value(key, pair("an https URL (http is for loopback hosts only)", "应为 https 的 URL（http 只用于本机）"))),
    }
}

fn no_http() -> Text {
    pair(
        "https is wanted: http is for loopback hosts only, since what travels unencrypted can be read and changed on the way, in a private \
         network too. Where WeChat is reached through another machine, give that one a certificate, or name it as wechat.proxy and leave \
         the URL as WeChat's own",
        "必须是 https：http 只用于本机，因为不加密的内容在途中（内网也一样）可能被偷看和篡改。要经过别的机器访问微信，请给那台机器配证书，或把它写成 \
         wechat.proxy，而 URL 仍用微信自己的",
    )
}
