//! Client address resolution behind trusted proxies.

use std::net::{IpAddr, Ipv6Addr};

use axum::http::{HeaderMap, HeaderName};
use ipnet::IpNet;

/// The proxies in front of the service, and the header in which they name the client.
#[derive(Debug, Clone)]
pub struct Proxies {
    /// Whose header is believed.
    pub trusted: Vec<IpNet>,
    /// `X-Forwarded-For`, or the one that these proxies send.
    pub header: HeaderName,
}

impl Proxies {
    /// The rightmost address in the header that is not a trusted proxy's, if the connection comes from one; otherwise the
    /// connection's own. Whatever a stranger wrote further left is never read, and what is no address ends the reading.
    pub fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let peer = peer.to_canonical();
        if !self.is_trusted(peer) {
            return peer;
        }
        let mut client = peer;
        let values = headers.get_all(&self.header).iter().rev();
        for hop in values.flat_map(|value| value.to_str().unwrap_or("?").rsplit(',')) {
            let Some(address) = parse_hop(hop.trim()) else { return peer };
            client = address;
            if !self.is_trusted(address) {
                break;
            }
        }
        client
    }

    /// Whether an address is a proxy's, which tells nothing of the client behind it.
    pub fn is_trusted(&self, address: IpAddr) -> bool {
        self.trusted.iter().any(|network| network.contains(&address))
    }
}

/// The address by which a client is counted: a client that has one IPv6 address has the 2^64 of its network.
pub fn household(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits() >> 64 << 64).into(),
    }
}

/// `1.2.3.4`, `2001:db8::1`, and what some proxies write: `1.2.3.4:567`, `[2001:db8::1]:567`.
fn parse_hop(hop: &str) -> Option<IpAddr> {
    let address = hop.parse::<IpAddr>().ok().or_else(|| hop.parse::<std::net::SocketAddr>().ok().map(|socket| socket.ip()));
    address.or_else(|| hop.strip_prefix('[')?.strip_suffix(']')?.parse().ok()).map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client_by(header: &'static str, peer: &str, forwarded: &[&str]) -> String {
        let header = HeaderName::from_static(header);
        let mut headers = HeaderMap::new();
        for value in forwarded {
            headers.append(&header, value.parse().unwrap());
        }
        let trusted = ["127.0.0.0/8", "::1/128", "10.0.0.0/8"].iter().map(|net| net.parse().unwrap()).collect();
        Proxies { trusted, header }.client(peer.parse().unwrap(), &headers).to_string()
    }

    fn client(peer: &str, forwarded: &[&str]) -> String {
        client_by("x-forwarded-for", peer, forwarded)
    }

    #[test]
    fn only_trusted_proxies_are_believed() {
        assert_eq!(client("203.0.113.9", &["198.51.100.1"]), "203.0.113.9", "a stranger may write what he likes");
        assert_eq!(client("127.0.0.1", &["198.51.100.1"]), "198.51.100.1");
        assert_eq!(client("::ffff:127.0.0.1", &["198.51.100.1"]), "198.51.100.1");
        assert_eq!(client("127.0.0.1", &[]), "127.0.0.1");
        assert_eq!(client_by("x-real-ip", "127.0.0.1", &["198.51.100.1"]), "198.51.100.1");
    }

    #[test]
    fn the_rightmost_stranger_counts() {
        assert_eq!(client("127.0.0.1", &["6.6.6.6, 198.51.100.1"]), "198.51.100.1", "what was there before the proxy is not read");
        assert_eq!(client("127.0.0.1", &["6.6.6.6, 198.51.100.1, 10.1.2.3"]), "198.51.100.1");
        assert_eq!(client("127.0.0.1", &["6.6.6.6", "198.51.100.1"]), "198.51.100.1", "several headers are one list");
        assert_eq!(client("127.0.0.1", &["10.9.9.9"]), "10.9.9.9");
        assert_eq!(client("127.0.0.1", &["::ffff:198.51.100.1"]), "198.51.100.1");
        assert_eq!(client("127.0.0.1", &["[2001:db8::1]:4711"]), "2001:db8::1");
    }

    #[test]
    fn what_is_no_address_leaves_the_connection_s_own() {
        for bad in ["<script>", "1.2.3.4, unknown", "1.2.3.4,", "1.2.3.4.5"] {
            assert_eq!(client("127.0.0.1", &[bad]), "127.0.0.1", "{bad}");
        }
    }
}
