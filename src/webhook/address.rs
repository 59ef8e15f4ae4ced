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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn private(address: &str) -> bool {
        is_private(address.parse().unwrap())
    }

    #[test]
    fn each_special_network_is_private_from_end_to_end() {
        for ends in [
            ["0.0.0.0", "0.255.255.255"],
            ["10.0.0.0", "10.255.255.255"],
            ["100.64.0.0", "100.127.255.255"],
            ["127.0.0.0", "127.255.255.255"],
            ["168.63.129.16", "168.63.129.16"],
            ["169.254.0.0", "169.254.255.255"],
            ["172.16.0.0", "172.31.255.255"],
            ["192.0.0.0", "192.0.0.255"],
            ["192.0.2.0", "192.0.2.255"],
            ["192.88.99.0", "192.88.99.255"],
            ["192.168.0.0", "192.168.255.255"],
            ["198.18.0.0", "198.19.255.255"],
            ["198.51.100.0", "198.51.100.255"],
            ["203.0.113.0", "203.0.113.255"],
            ["224.0.0.0", "255.255.255.255"],
            ["::", "1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"],
            ["2001::", "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff"],
            ["2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff"],
            ["2002::", "2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff"],
            ["3fff::", "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff"],
            ["4000::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"],
        ] {
            assert!(ends.into_iter().all(private), "{ends:?}");
        }
    }

    #[test]
    fn what_lies_beside_them_is_the_open_internet() {
        for address in [
            "1.0.0.0",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "126.255.255.255",
            "128.0.0.0",
            "168.63.129.15",
            "168.63.129.17",
            "169.253.255.255",
            "169.255.0.0",
            "172.15.255.255",
            "172.32.0.0",
            "191.255.255.255",
            "192.0.1.0",
            "192.0.3.0",
            "192.167.255.255",
            "192.169.0.0",
            "198.17.255.255",
            "198.20.0.0",
            "198.51.99.255",
            "203.0.114.0",
            "223.255.255.255",
            "2000::",
            "2001:200::",
            "2001:db7:ffff::",
            "2001:db9::",
            "2003::",
            "240e::1",
            "2606:4700::1111",
            "3ffe::",
        ] {
            assert!(!private(address), "{address}");
        }
    }

    #[test]
    fn no_form_of_ipv6_hides_a_cloud_s_metadata() {
        for address in [
            "::ffff:169.254.169.254",
            "::169.254.169.254",
            "64:ff9b::169.254.169.254",
            "64:ff9b:1::169.254.169.254",
            "2002:a9fe:a9fe::",
            "2001:0:a9fe:a9fe::",
            "2001::5601:5601",
            "fe80::a9fe:a9fe",
            "fd00:ec2::254",
            "fd20:ce::254",
            "fec0::1",
            "100::1",
        ] {
            assert!(private(address), "{address}");
        }
    }

    proptest! {
        #[test]
        fn an_address_within_another_leads_nowhere(bits: u32, form in proptest::sample::select(vec![
            // Mapped, compatible, translated, 6to4, Teredo's server and (inverted) client, NAT64 of a network's own.
            ("::ffff:0:0", 0), ("::", 0), ("::ffff:0:0:0", 0), ("2002::", 80), ("2001::", 64), ("2001::", 0), ("64:ff9b:1::", 0),
        ])) {
            let (prefix, shift) = form;
            let whole = u128::from(prefix.parse::<Ipv6Addr>().unwrap()) | (u128::from(bits) << shift);
            prop_assert!(is_private(Ipv6Addr::from(whole).into()));
        }

        #[test]
        fn nat64_leads_where_the_address_within_does(bits: u32) {
            let whole = u128::from(NAT64.network()) | u128::from(bits);
            prop_assert_eq!(is_private(Ipv6Addr::from(whole).into()), is_private(Ipv4Addr::from(bits).into()));
        }

        #[test]
        fn what_the_standard_library_calls_local_is_private(bits: u32, wide: u128) {
            let (v4, v6) = (Ipv4Addr::from(bits), Ipv6Addr::from(wide));
            let is_local = v4.is_private() || v4.is_loopback() || v4.is_link_local() || v4.is_multicast() || v4.is_unspecified()
                || v4.is_broadcast() || v4.is_documentation();
            prop_assert!(!is_local || is_private(v4.into()));
            let is_local = v6.is_unique_local() || v6.is_unicast_link_local() || v6.is_multicast() || v6.to_ipv4().is_some();
            prop_assert!(!is_local || is_private(v6.into()));
        }
    }
}
