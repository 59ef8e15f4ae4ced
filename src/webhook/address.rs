//! Special-purpose addresses, by IANA's registries: all that is not the open internet.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{Ipv4Net, Ipv6Net};

/// Networks of IPv4 that are no part of the open internet.
const SPECIAL_V4: [Ipv4Net; 16] = [
    v4([0, 0, 0, 0], 8),
    v4([10, 0, 0, 0], 8),
    // Shared by customers of a carrier; the metadata of Alibaba Cloud (100.100.100.200) is here.
    v4([100, 64, 0, 0], 10),
    v4([127, 0, 0, 0], 8),
    // Azure's wire server, in the midst of public addresses.
    v4([168, 63, 129, 16], 32),
    // Link-local; the metadata of most clouds (169.254.169.254) is here.
    v4([169, 254, 0, 0], 16),
    v4([172, 16, 0, 0], 12),
    // Protocol assignments; the metadata of Oracle's cloud (192.0.0.192) is here.
    v4([192, 0, 0, 0], 24),
    // Documentation: this one and the two below.
    v4([192, 0, 2, 0], 24),
    // Relays of 6to4.
    v4([192, 88, 99, 0], 24),
    v4([192, 168, 0, 0], 16),
    // Benchmarks.
    v4([198, 18, 0, 0], 15),
    v4([198, 51, 100, 0], 24),
    v4([203, 0, 113, 0], 24),
    // Multicast.
    v4([224, 0, 0, 0], 4),
    // Reserved, with the broadcast address.
    v4([240, 0, 0, 0], 4),
];

/// The open internet of IPv6: all else is loopback, local, mapped, multicast or not given out yet.
const GLOBAL_V6: Ipv6Net = v6([0x2000, 0, 0], 3);

/// Networks within it that are no part of the open internet.
const SPECIAL_V6: [Ipv6Net; 4] = [
    // Protocol assignments, with Teredo (2001::/32), which leads to the IPv4 address that is written inside.
    v6([0x2001, 0, 0], 23),
    // Documentation: this one and the last.
    v6([0x2001, 0xdb8, 0], 32),
    // 6to4, which leads to the IPv4 address that is written inside.
    v6([0x2002, 0, 0], 16),
    v6([0x3fff, 0, 0], 20),
];

/// NAT64: the IPv4 address that is written inside is what it leads to.
const NAT64: Ipv6Net = v6([0x64, 0xff9b, 0], 96);

/// Whether an address is none of the open internet: loopback, private, link-local, a cloud's metadata, multicast, reserved, or a form
/// of IPv6 that leads to an IPv4 address.
pub fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_private_v4(address),
        IpAddr::V6(address) if NAT64.contains(&address) => {
            let [.., a, b, c, d] = address.octets();
            is_private_v4(Ipv4Addr::new(a, b, c, d))
        }
        IpAddr::V6(address) => !GLOBAL_V6.contains(&address) || SPECIAL_V6.iter().any(|net| net.contains(&address)),
    }
}

fn is_private_v4(address: Ipv4Addr) -> bool {
    SPECIAL_V4.iter().any(|net| net.contains(&address))
}

const fn v4([a, b, c, d]: [u8; 4], prefix: u8) -> Ipv4Net {
    Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), prefix)
}

const fn v6([a, b, c]: [u16; 3], prefix: u8) -> Ipv6Net {
    Ipv6Net::new_assert(Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0), prefix)
}
