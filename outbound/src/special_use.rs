//! Which addresses are not the public internet: the special-purpose registries of IANA (RFC 6890)
//! and what carries an IPv4 address inside an IPv6 one.
//!
//! What it is not: configurable. An address in one of these ranges is never connected to.
//! How to add one more: a line in a table; the property test below covers it by itself.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{Ipv4Net, Ipv6Net};

/// Each as `(address, prefix)`. Ranges that IANA calls globally reachable but that serve protocols
/// and not hosts (relays, AS112) are refused too.
const IPV4: [([u8; 4], u8); 20] = [
    ([0, 0, 0, 0], 8),          // this network
    ([10, 0, 0, 0], 8),         // private
    ([100, 64, 0, 0], 10),      // shared by a carrier's customers
    ([127, 0, 0, 0], 8),        // loopback
    ([169, 254, 0, 0], 16),     // link-local, and every cloud's metadata service
    ([172, 16, 0, 0], 12),      // private
    ([192, 0, 0, 0], 24),       // protocol assignments
    ([192, 0, 2, 0], 24),       // documentation
    ([192, 31, 196, 0], 24),    // AS112
    ([192, 52, 193, 0], 24),    // AMT
    ([192, 88, 99, 0], 24),     // 6to4 relays
    ([192, 168, 0, 0], 16),     // private
    ([192, 175, 48, 0], 24),    // AS112
    ([198, 18, 0, 0], 15),      // benchmarking
    ([198, 51, 100, 0], 24),    // documentation
    ([203, 0, 113, 0], 24),     // documentation
    ([224, 0, 0, 0], 4),        // multicast
    ([240, 0, 0, 0], 4),        // reserved
    ([255, 255, 255, 255], 32), // broadcast
    ([168, 63, 129, 16], 32),   // a cloud's platform service, on an address that looks public
];

/// Inside `2000::/3`, the only space that is handed out to hosts. Everything outside of it is
/// refused without being listed: loopback, IPv4-mapped and -compatible, NAT64 (`64:ff9b::/96`,
/// `64:ff9b:1::/48`), discard, SRv6, unique local, link-local, site-local, multicast.
const IPV6: [([u16; 8], u8); 5] = [
    ([0x2001, 0, 0, 0, 0, 0, 0, 0], 23), // protocol assignments: Teredo, benchmarking, ORCHID, AMT
    ([0x2001, 0x0db8, 0, 0, 0, 0, 0, 0], 32), // documentation
    ([0x2002, 0, 0, 0, 0, 0, 0, 0], 16), // 6to4
    ([0x2620, 0x004f, 0x8000, 0, 0, 0, 0, 0], 48), // AS112
    ([0x3fff, 0, 0, 0, 0, 0, 0, 0], 20), // documentation
];

/// RFC 4291 §2.4: global unicast.
const GLOBAL_UNICAST: ([u16; 8], u8) = ([0x2000, 0, 0, 0, 0, 0, 0, 0], 3);

/// Whether nothing of ours may connect there.
pub fn is_special_use(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => IPV4.iter().any(|range| v4_range(*range).contains(&address)),
        IpAddr::V6(address) => {
            !v6_range(GLOBAL_UNICAST).contains(&address)
                || IPV6.iter().any(|range| v6_range(*range).contains(&address))
                || is_isatap(address)
        }
    }
}

/// RFC 5214 §6.1: an interface identifier that holds the IPv4 address the packet is for.
fn is_isatap(address: Ipv6Addr) -> bool {
    let [.., upper, lower, _, _] = address.segments();
    matches!(upper, 0 | 0x0200) && lower == 0x5efe
}

fn v4_range((octets, prefix): ([u8; 4], u8)) -> Ipv4Net {
    Ipv4Net::new(Ipv4Addr::from(octets), prefix).unwrap_or_default()
}

fn v6_range((segments, prefix): ([u16; 8], u8)) -> Ipv6Net {
    Ipv6Net::new(Ipv6Addr::from(segments), prefix).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn is_refused(address: &str) -> bool {
        is_special_use(address.parse().unwrap())
    }

    /// The ranges row K2 names, written again so that a slip in the table is seen.
    const ROW_K2: [&str; 12] = [
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "192.0.0.0/24",
        "198.18.0.0/15",
        "224.0.0.0/4",
        "240.0.0.0/4",
        "255.255.255.255/32",
    ];
    const ROW_K2_V6: [&str; 14] = [
        "::/128",
        "::1/128",
        "::/96",
        "::ffff:0:0/96",
        "64:ff9b::/96",
        "64:ff9b:1::/48",
        "100::/64",
        "2001::/32",
        "2001:db8::/32",
        "2002::/16",
        "5f00::/16",
        "fc00::/7",
        "fe80::/10",
        "ff00::/8",
    ];

    #[test]
    fn the_tables_hold_what_they_seem_to_hold() {
        for range in IPV4 {
            assert_eq!(v4_range(range).network().octets(), range.0);
            assert_eq!(v4_range(range).prefix_len(), range.1);
        }
        for range in IPV6 {
            assert_eq!(v6_range(range).network().segments(), range.0);
            assert_eq!(v6_range(range).prefix_len(), range.1);
        }
    }

    /// Row K2.
    #[test]
    fn first_and_last_of_every_range_and_their_public_neighbours() {
        for range in ROW_K2 {
            let range: Ipv4Net = range.parse().unwrap();
            assert!(is_special_use(range.network().into()), "{range}");
            assert!(is_special_use(range.broadcast().into()), "{range}");
        }
        for range in ROW_K2_V6 {
            let range: Ipv6Net = range.parse().unwrap();
            assert!(is_special_use(range.network().into()), "{range}");
            assert!(is_special_use(range.broadcast().into()), "{range}");
        }
        for public in [
            "1.0.0.0",
            "1.1.1.1",
            "8.8.8.8",
            "9.255.255.255",
            "11.0.0.0",
            "93.184.215.14",
            "100.63.255.255",
            "100.128.0.0",
            "126.255.255.255",
            "128.0.0.0",
            "169.253.255.255",
            "169.255.0.0",
            "172.15.255.255",
            "172.32.0.0",
            "192.0.1.0",
            "192.167.255.255",
            "192.169.0.0",
            "198.17.255.255",
            "198.20.0.0",
            "223.255.255.255",
            "2001:200::1",
            "2001:4860:4860::8888",
            "2003::1",
            "2400:cb00::1",
            "2606:4700:4700::1111",
            "2a00:1450:4001::200e",
            "3ffe::1",
        ] {
            assert!(!is_refused(public), "{public}");
        }
    }

    #[test]
    fn an_address_inside_an_address_is_refused() {
        for carrier in [
            "::ffff:127.0.0.1",
            "::ffff:8.8.8.8",
            "::127.0.0.1",
            "64:ff9b::10.0.0.1",
            "64:ff9b:1::a00:1",
            "2002:7f00:1::1",
            "2001:0:4136:e378:8000:63bf:3fff:fdd2",
            "2a00:1450::5efe:10.0.0.1",
            "2a00:1450::200:5efe:10.0.0.1",
        ] {
            assert!(is_refused(carrier), "{carrier}");
        }
    }

    proptest! {
        #[test]
        fn every_ipv4_address_of_a_range_is_refused(
            range in proptest::sample::select(ROW_K2.to_vec()), random in any::<u32>()
        ) {
            let range: Ipv4Net = range.parse().unwrap();
            let host = random & u32::from(range.hostmask());
            let address = Ipv4Addr::from(u32::from(range.network()) | host);
            prop_assert!(range.contains(&address) && is_special_use(address.into()));
        }

        #[test]
        fn every_ipv6_address_of_a_range_is_refused(
            range in proptest::sample::select(ROW_K2_V6.to_vec()), random in any::<u128>()
        ) {
            let range: Ipv6Net = range.parse().unwrap();
            let host = random & u128::from(range.hostmask());
            let address = Ipv6Addr::from(u128::from(range.network()) | host);
            prop_assert!(range.contains(&address) && is_special_use(address.into()));
        }

        #[test]
        fn mapped_is_refused_whatever_it_maps(random in any::<u32>()) {
            prop_assert!(is_special_use(Ipv4Addr::from(random).to_ipv6_mapped().into()));
            prop_assert!(is_special_use(Ipv4Addr::from(random).to_ipv6_compatible().into()));
        }
    }
}
