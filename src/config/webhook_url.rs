//! Protection from server-side request forgery, as far as a URL shows it: where an endpoint may be. What its name leads to is looked at
//! when it is connected to.

use std::net::{IpAddr, SocketAddr};

use reqwest::Url;

use crate::webhook::Guard;

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
    let (is_loopback, is_written) = (is_loopback(&url), is_written(text, &url));
    if url.scheme() != "https" && !(url.scheme() == "http" && is_loopback && is_written) {
        return Err(value(key, words::no_https()));
    }
    if !allow_private {
        if let Some((listener, _)) = listeners.iter().find(|(_, listener)| leads_to(&url, *listener)) {
            return Err(value(key, words::own_listener(listener)));
        }
        if Guard::new(false, []).refuses_literal(&url) || (is_loopback && !is_written) {
            return Err(value(key, words::private()));
        }
    }
    Ok(url)
}

/// As far as it may be shown: what follows the host may be a secret, a path too.
pub fn shown(text: &str) -> Shown {
    match Url::parse(text) {
        Ok(url) if matches!(url.scheme(), "http" | "https") && url.username().is_empty() && url.password().is_none() => {
            let is_whole = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
            if is_whole { table::plain(text) } else { table::plain(format!("{}/…", url.origin().ascii_serialization())) }
        }
        _ => table::secret(text),
    }
}

/// Whether the host stands in the text as it is read out of it: `2130706433` is 127.0.0.1 too.
fn is_written(text: &str, url: &Url) -> bool {
    let authority = text.split_once("://").and_then(|(_, rest)| rest.split(['/', '?', '#', '\\']).next()).unwrap_or_default();
    let host = url.host_str().unwrap_or_default();
    authority.get(..host.len()).is_some_and(|written| written.eq_ignore_ascii_case(host))
        && authority.get(host.len()..).is_some_and(|port| port.is_empty() || port.starts_with(':'))
}

/// Whether a URL says by itself that it leads to this listener.
fn leads_to(url: &Url, listener: SocketAddr) -> bool {
    let (is_loopback, here) = (is_loopback(url), listener.ip().to_canonical());
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    let is_host = match host.parse::<IpAddr>() {
        Ok(address) => address.to_canonical() == here || (is_loopback && here.is_unspecified()),
        Err(_) => is_loopback,
    };
    is_host && Some(listener.port()) == url.port_or_known_default()
}
