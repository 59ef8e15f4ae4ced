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

#[cfg(test)]
mod tests {
    use super::*;

    fn guard(listeners: &[&str]) -> Guard {
        Guard::new(false, listeners.iter().map(|listener| listener.parse().unwrap()).collect::<Vec<_>>())
    }

    fn allows(guard: &Guard, host: &str, address: &str) -> bool {
        guard.allows(host, address.parse().unwrap())
    }

    #[test]
    fn loopback_is_for_urls_that_say_so_and_they_lead_nowhere_else() {
        let guard = guard(&[]);
        for host in ["localhost", "127.0.0.1", "127.1.2.3", "[::1]"] {
            assert!(allows(&guard, host, "127.0.0.1:80") && allows(&guard, host, "[::1]:80"), "{host}");
            for address in ["10.0.0.1:80", "8.8.8.8:80", "[::ffff:127.0.0.1]:80", "0.0.0.0:80", "169.254.169.254:80"] {
                assert!(!allows(&guard, host, address), "{host} to {address}");
            }
        }
        for host in ["shop.example", "localhost.", "localhost.example", "a.localhost", "LOCALHOST", "8.8.8.8", "[::ffff:127.0.0.1]"] {
            assert!(!allows(&guard, host, "127.0.0.1:80") && !allows(&guard, host, "[::1]:80"), "{host}");
            assert!(allows(&guard, host, "8.8.8.8:80"), "{host}");
        }
    }

    #[test]
    fn this_service_s_own_listeners_get_no_events() {
        let own = guard(&["127.0.0.1:8360", "8.8.8.8:443", "[::1]:9000"]);
        for (host, address) in [("localhost", "127.0.0.1:8360"), ("shop.example", "8.8.8.8:443"), ("[::1]", "[::1]:9000")] {
            assert!(!allows(&own, host, address), "{address}");
        }
        for (host, address) in [("localhost", "127.0.0.1:8361"), ("127.0.0.2", "127.0.0.2:8360"), ("shop.example", "8.8.8.8:80")] {
            assert!(allows(&own, host, address), "{address}");
        }
    }

    #[test]
    fn a_listener_on_all_addresses_is_at_each_of_this_machine_s() {
        for listener in ["0.0.0.0:8360", "[::]:8360"] {
            let own = guard(&[listener]);
            for address in ["127.0.0.1:8360", "127.9.9.9:8360"] {
                assert!(!allows(&own, "localhost", address), "{address} is at {listener}");
            }
            assert!(allows(&own, "localhost", "127.0.0.1:8361"), "another port");
            assert!(allows(&own, "shop.example", "8.8.8.8:8360"), "another machine");
        }
    }

    #[test]
    fn all_of_it_can_be_lifted() {
        let open = Guard::new(true, ["127.0.0.1:8360".parse().unwrap()]);
        for address in ["127.0.0.1:8360", "10.0.0.1:80", "169.254.169.254:80", "[::ffff:10.0.0.1]:80"] {
            assert!(allows(&open, "shop.example", address), "{address}");
        }
    }

    #[test]
    fn an_address_in_a_url_is_seen_through_however_it_is_written() {
        let refuses = |url: &str| guard(&["127.0.0.1:8360"]).refuses_literal(&url.parse().unwrap());
        for url in [
            "https://10.0.0.1/",
            "https://169.254.169.254/latest",
            "https://0xa9fea9fe/",
            "https://2852039166/",
            "https://192.168.257/",
            "https://0/",
            "https://[::ffff:10.0.0.1]/",
            "https://[fd00:ec2::254]/",
            "https://[fe80::1]/",
            "https://012.0.0.1/",
            "http://127.0.0.1:8360/",
            "http://0x7f.1:8360/",
            "https://[::ffff:127.0.0.1]/",
        ] {
            assert!(refuses(url), "{url}");
        }
        for url in
            ["https://8.8.8.8/", "http://127.0.0.1:8361/", "http://localhost:8360/", "https://shop.example/", "https://[2606:4700::1111]/"]
        {
            assert!(!refuses(url), "{url}");
        }
    }
}
