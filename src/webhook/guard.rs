//! SSRF guard: which addresses events may go to. It is asked about each connection, after the name has been looked up, so a name whose
//! address changes meanwhile (DNS rebinding) gets nowhere.

use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::sync::Arc;

use reqwest::Url;

use super::address::is_private;

/// Which addresses the events of an endpoint may go to.
#[derive(Debug, Clone)]
pub struct Guard {
    allow_private: bool,
    listeners: Arc<[SocketAddr]>,
}

impl Guard {
    /// `allow_private`: to all. Otherwise to the open internet alone, and to loopback where the URL says so; never to this service's
    /// own listeners.
    pub fn new(allow_private: bool, listeners: impl Into<Arc<[SocketAddr]>>) -> Self {
        Self { allow_private, listeners: listeners.into() }
    }

    /// Whether events may go to an address that a URL's host has led to.
    pub fn allows(&self, host: &str, address: SocketAddr) -> bool {
        let ip = address.ip();
        let is_there = || if is_loopback_host(host) { ip.is_loopback() } else { !is_private(ip) };
        self.allow_private || (is_there() && !self.listeners.iter().any(|listener| listens_at(*listener, address)))
    }

    /// Whether a URL's host is an address, and one that events may not go to. (A name tells nothing before it is looked up.)
    pub fn refuses_literal(&self, url: &Url) -> bool {
        let (host, port) = (url.host_str().unwrap_or_default(), url.port_or_known_default().unwrap_or_default());
        literal(host).is_some_and(|ip| !self.allows(host, SocketAddr::new(ip, port)))
    }
}

/// The address that a URL's host is.
pub(super) fn literal(host: &str) -> Option<IpAddr> {
    host.trim_matches(['[', ']']).parse().ok()
}

/// Whether a URL's host says by itself that it is this machine. (A name that leads to loopback does not.)
fn is_loopback_host(host: &str) -> bool {
    host == "localhost" || literal(host).is_some_and(|ip| ip.is_loopback())
}

/// Whether a connection to this address comes to this listener.
fn listens_at(listener: SocketAddr, address: SocketAddr) -> bool {
    let ip = address.ip().to_canonical();
    let is_reached = if listener.ip().is_unspecified() { is_of_this_machine(ip) } else { listener.ip().to_canonical() == ip };
    listener.port() == address.port() && is_reached
}

/// A socket can only be bound to an address that the machine has.
fn is_of_this_machine(ip: IpAddr) -> bool {
    UdpSocket::bind((ip, 0)).is_ok()
}
