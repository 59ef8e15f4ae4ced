//! Protection from server-side request forgery, as far as a URL shows it: where an endpoint may be. What its name leads to is looked at
//! when it is connected to.

use std::net::{IpAddr, SocketAddr};

use reqwest::Url;

use crate::webhook::is_private;

use super::checks::{is_loopback, value};
use super::error::ConfigError;
use super::table::{self, Shown};
use super::webhook_words as words;

/// https, or http on a loopback host that is written as such; no user, no fragment; neither a private address nor one of this service's
/// `listeners`, which are given by their keys, unless `allow_private`.
pub fn destination(key: &str, text: &str, allow_private: bool, listeners: &[(&str, SocketAddr)]) -> Result<Url, ConfigError> {
    if text.is_empty() {
        return Err(value(key, words::no_url()));
    }
    let url = Url::parse(text).ok().filter(Url::has_host).ok_or_else(|| value(key, words::url()))?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(value(key, words::user()));
    }
    if url.fragment().is_some() {
        return Err(value(key, words::fragment()));
    }
    let is_loopback = is_loopback(&url) && is_written(text, &url);
    if url.scheme() != "https" && !(url.scheme() == "http" && is_loopback) {
        return Err(value(key, words::no_https()));
    }
    if !allow_private && let Some(why) = forbidden(&url, is_loopback, listeners) {
        return Err(value(key, why));
    }
    Ok(url)
}

/// As far as it may be shown: what follows a `?` may be a secret.
pub fn shown(text: &str) -> Shown {
    if text.contains('?') { Shown::Hidden } else { table::url(text) }
}

/// Whether the host stands in the text as it is read out of it: `2130706433` is 127.0.0.1 too.
fn is_written(text: &str, url: &Url) -> bool {
    let authority = text.split_once("://").and_then(|(_, rest)| rest.split(['/', '?', '#', '\\']).next()).unwrap_or_default();
    let host = url.host_str().unwrap_or_default();
    authority.get(..host.len()).is_some_and(|written| written.eq_ignore_ascii_case(host))
        && authority.get(host.len()..).is_some_and(|port| port.is_empty() || port.starts_with(':'))
}

fn forbidden(url: &Url, is_loopback: bool, listeners: &[(&str, SocketAddr)]) -> Option<crate::language::Text> {
    let host = url.host_str()?.trim_matches(['[', ']']);
    let address = host.parse::<IpAddr>().ok().map(|address| address.to_canonical());
    let is_at = |listener: &SocketAddr| {
        let here = listener.ip().to_canonical();
        Some(listener.port()) == url.port_or_known_default()
            && match address {
                Some(address) => address == here || (here.is_unspecified() && is_loopback),
                None => is_loopback,
            }
    };
    if let Some((key, _)) = listeners.iter().find(|(_, listener)| is_at(listener)) {
        return Some(words::own_listener(key));
    }
    (!is_loopback && address.is_some_and(is_private)).then(words::private)
}
