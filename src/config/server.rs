//! The section `server`: the listener for callers.

use std::net::SocketAddr;

use axum::http::{HeaderName, HeaderValue, header};
use ipnet::IpNet;
use reqwest::Url;
use serde::Deserialize;

use crate::language::pair;

use super::checks::{address, list, networks, value};
use super::mistakes::{ConfigErrors, Mistakes};
use super::table::{Shown, plain};

/// The listener.
#[derive(Debug, Clone)]
pub struct ServerSettings {
    /// Address and port.
    pub listen: SocketAddr,
    /// Proxies that are believed about their callers' addresses.
    pub trusted_proxies: Vec<IpNet>,
    /// The header in which they tell them.
    pub client_ip_header: HeaderName,
    /// Origins of browser pages that may call.
    pub cors_origins: Vec<HeaderValue>,
    /// Headers that these pages may send, beside those of the API.
    pub cors_headers: Vec<HeaderName>,
    /// Connections at once.
    pub max_connections: usize,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawServer {
    listen: String,
    trusted_proxies: String,
    client_ip_header: String,
    cors_origins: String,
    cors_headers: String,
    max_connections: usize,
}

impl RawServer {
    pub fn validate(&self) -> Result<ServerSettings, ConfigErrors> {
        let mut mistakes = Mistakes::default();
        mistakes.check(self.max_connections >= 4, "server.max_connections", pair("at least 4", "至少为 4"));
        let client_ip_header = self.client_ip_header.parse();
        let client_ip_header = client_ip_header
            .map_err(|_| value("server.client_ip_header", pair("a header's name such as x-real-ip", "应为请求头的名称，如 x-real-ip")));
        // A star would be all of them; and a key that a page has is every visitor's.
        let cors_headers = list(&self.cors_headers).map(|name| {
            let header = name.parse::<HeaderName>().ok().filter(|header| *header != header::AUTHORIZATION && header.as_str() != "*");
            header.ok_or(value(
                "server.cors_headers",
                pair(
                    "names of headers, separated by commas; neither authorization nor a star",
                    "应为请求头的名称，逗号分隔；不能是 authorization 或星号",
                ),
            ))
        });
        let cors_origins = list(&self.cors_origins).map(|text| {
            let url =
                Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.origin().ascii_serialization() == text);
            let header = url.and_then(|_| HeaderValue::from_str(text).ok());
            header.ok_or(value(
                "server.cors_origins",
                pair("origins such as https://shop.example.com, separated by commas", "应为来源，如 https://shop.example.com，逗号分隔"),
            ))
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

    pub fn shown(&self) -> Vec<(&'static str, Shown)> {
        vec![
            ("server.listen", plain(&self.listen)),
            ("server.trusted_proxies", plain(&self.trusted_proxies)),
            ("server.client_ip_header", plain(&self.client_ip_header)),
            ("server.cors_origins", plain(&self.cors_origins)),
            ("server.cors_headers", plain(&self.cors_headers)),
            ("server.max_connections", plain(self.max_connections)),
        ]
    }
}
