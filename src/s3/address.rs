//! What kind of address an endpoint is at: the ranges that are not the public internet, each with its source.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The kinds of address that are not the public internet, the worst last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Of a network that is somebody's own, or is kept for a use that is nobody else's.
    Private,
    /// This machine.
    Loopback,
    /// Link-local, the metadata of a cloud, or no address that a store could have.
    Never,
}

impl Kind {
    /// The kind of an address; `None` for a public one. An IPv6 address that stands for an IPv4 address is of the worse of both kinds.
    #[must_use]
    pub fn of(address: IpAddr) -> Option<Self> {
        match address {
            IpAddr::V4(address) => of_v4(address),
            IpAddr::V6(address) => {
                let inner = embedded(address).into_iter().map(of_v4).max();
                of_v6(address).max(inner.flatten())
            }
        }
    }
}

/// A range of IPv4 addresses: one of them, how many of its leading bits all have, and their kind.
type RangeV4 = ([u8; 4], u32, Kind);

const V4: [RangeV4; 15] = [
    // "This network" (RFC 1122, section 3.2.1.3); Linux takes 0.0.0.0 for itself.
    ([0, 0, 0, 0], 8, Kind::Never),
    // Link-local (RFC 3927): AWS, Azure, Google Cloud, Oracle and others have their metadata here.
    ([169, 254, 0, 0], 16, Kind::Never),
    // Multicast (RFC 5771).
    ([224, 0, 0, 0], 4, Kind::Never),
    // Broadcast (RFC 919).
    ([255, 255, 255, 255], 32, Kind::Never),
    // "View instance metadata" of Alibaba Cloud.
    ([100, 100, 100, 200], 32, Kind::Never),
    // "What is IP address 168.63.129.16?" of Azure: the platform's own services for a machine.
    ([168, 63, 129, 16], 32, Kind::Never),
    // "Retrieving Instance Metadata" of Oracle Cloud Infrastructure Classic.
    ([192, 0, 0, 192], 32, Kind::Never),
    // RFC 1122, section 3.2.1.3.
    ([127, 0, 0, 0], 8, Kind::Loopback),
    // RFC 1918.
    ([10, 0, 0, 0], 8, Kind::Private),
    ([172, 16, 0, 0], 12, Kind::Private),
    ([192, 168, 0, 0], 16, Kind::Private),
    // Between a provider and its customers (RFC 6598).
    ([100, 64, 0, 0], 10, Kind::Private),
    // Protocol assignments (RFC 6890).
    ([192, 0, 0, 0], 24, Kind::Private),
    // Benchmarks (RFC 2544).
    ([198, 18, 0, 0], 15, Kind::Private),
    // Reserved (RFC 1112, section 4); some networks use it inside.
    ([240, 0, 0, 0], 4, Kind::Private),
];

/// The same of IPv6.
type RangeV6 = ([u16; 8], u32, Kind);

const V6: [RangeV6; 10] = [
    // Unspecified (RFC 4291, section 2.5.2).
    ([0; 8], 128, Kind::Never),
    // Link-local (RFC 4291, section 2.5.6).
    ([0xfe80, 0, 0, 0, 0, 0, 0, 0], 10, Kind::Never),
    // Multicast (RFC 4291, section 2.7).
    ([0xff00, 0, 0, 0, 0, 0, 0, 0], 8, Kind::Never),
    // "Access instance metadata for an EC2 instance": fd00:ec2::254, and more of AWS's services for a machine.
    ([0xfd00, 0x0ec2, 0, 0, 0, 0, 0, 0], 32, Kind::Never),
    // "View and query VM metadata" of Google Cloud, for machines without IPv4.
    ([0xfd20, 0x00ce, 0, 0, 0, 0, 0, 0x0254], 128, Kind::Never),
    // "Instance metadata" of Scaleway.
    ([0xfd00, 0x0042, 0, 0, 0, 0, 0, 0x0042], 128, Kind::Never),
    // RFC 4291, section 2.5.3.
    ([0, 0, 0, 0, 0, 0, 0, 1], 128, Kind::Loopback),
    // Unique local (RFC 4193).
    ([0xfc00, 0, 0, 0, 0, 0, 0, 0], 7, Kind::Private),
    // Site-local, deprecated (RFC 3879).
    ([0xfec0, 0, 0, 0, 0, 0, 0, 0], 10, Kind::Private),
    // NAT64 of a network's own (RFC 8215).
    ([0x0064, 0xff9b, 1, 0, 0, 0, 0, 0], 48, Kind::Private),
];

fn of_v4(address: Ipv4Addr) -> Option<Kind> {
    let differs_after =
        |one: [u8; 4]| (Ipv4Addr::from(one).to_bits() ^ address.to_bits()).leading_zeros();
    let of = V4
        .iter()
        .filter(|(one, bits, _)| differs_after(*one) >= *bits);
    of.map(|(_, _, kind)| *kind).max()
}

fn of_v6(address: Ipv6Addr) -> Option<Kind> {
    let differs_after =
        |one: [u16; 8]| (Ipv6Addr::from(one).to_bits() ^ address.to_bits()).leading_zeros();
    let of = V6
        .iter()
        .filter(|(one, bits, _)| differs_after(*one) >= *bits);
    of.map(|(_, _, kind)| *kind).max()
}

/// The IPv4 addresses that an IPv6 address stands for.
fn embedded(address: Ipv6Addr) -> Vec<Ipv4Addr> {
    let octets = address.octets();
    let at = |indexes: [usize; 4]| Ipv4Addr::from(indexes.map(|index| octets[index]));
    let last = at([12, 13, 14, 15]);
    match address.segments() {
        [0, 0, 0, 0, 0, 0, 0, 0 | 1] => Vec::new(),
        // Compatible and mapped (RFC 4291, section 2.5.5), translated (RFC 2765, section 2.1), NAT64 (RFC 6052, section 2.1), and ISATAP under any
        // prefix (RFC 5214, section 6.1).
        [0, 0, 0, 0, 0, 0 | 0xffff, ..]
        | [0, 0, 0, 0, 0xffff, 0, ..]
        | [0x0064, 0xff9b, 0, 0, 0, 0, ..]
        | [_, _, _, _, 0 | 0x0200, 0x5efe, ..] => vec![last],
        [0x0064, 0xff9b, 1, ..] => {
            // Which of the layouts of RFC 6052, section 2.2, its operator has chosen, cannot be seen: all that give an address are looked at.
            let layouts = [[6, 7, 9, 10], [7, 9, 10, 11], [9, 10, 11, 12]].map(at);
            let is_address = |a: &Ipv4Addr| a.octets()[0] != 0;
            layouts
                .into_iter()
                .chain([last])
                .filter(is_address)
                .collect()
        }
        // 6to4 (RFC 3056, section 2).
        [0x2002, ..] => vec![at([2, 3, 4, 5])],
        // Teredo (RFC 4380, section 4): the server, and the client with every bit turned round.
        [0x2001, 0, ..] => vec![at([4, 5, 6, 7]), Ipv4Addr::from_bits(!last.to_bits())],
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::Kind;
    use proptest::prelude::*;
    use std::net::{IpAddr, Ipv4Addr};

    fn kind(address: &str) -> Option<Kind> {
        Kind::of(address.parse::<IpAddr>().unwrap())
    }

    /// The first and the last address of each range, and their neighbours outside.
    #[test]
    fn each_range_of_ipv4_ends_where_its_source_says() {
        for (inside, of, outside) in [
            (["0.0.0.0", "0.255.255.255"], Kind::Never, "1.0.0.0"),
            (
                ["169.254.0.0", "169.254.255.255"],
                Kind::Never,
                "169.255.0.0",
            ),
            (
                ["224.0.0.0", "239.255.255.255"],
                Kind::Never,
                "223.255.255.255",
            ),
            (
                ["255.255.255.255", "255.255.255.255"],
                Kind::Never,
                "8.8.8.8",
            ),
            (
                ["100.100.100.200", "100.100.100.200"],
                Kind::Never,
                "100.128.0.0",
            ),
            (
                ["168.63.129.16", "168.63.129.16"],
                Kind::Never,
                "168.63.129.17",
            ),
            (["192.0.0.192", "192.0.0.192"], Kind::Never, "192.0.1.0"),
            (
                ["127.0.0.0", "127.255.255.255"],
                Kind::Loopback,
                "128.0.0.0",
            ),
            (["10.0.0.0", "10.255.255.255"], Kind::Private, "11.0.0.0"),
            (
                ["172.16.0.0", "172.31.255.255"],
                Kind::Private,
                "172.32.0.0",
            ),
            (
                ["192.168.0.0", "192.168.255.255"],
                Kind::Private,
                "192.169.0.0",
            ),
            (
                ["100.64.0.0", "100.127.255.255"],
                Kind::Private,
                "100.63.255.255",
            ),
            (
                ["192.0.0.0", "192.0.0.255"],
                Kind::Private,
                "191.255.255.255",
            ),
            (
                ["198.18.0.0", "198.19.255.255"],
                Kind::Private,
                "198.20.0.0",
            ),
            (
                ["240.0.0.0", "255.255.255.254"],
                Kind::Private,
                "52.216.1.1",
            ),
        ] {
            for address in inside {
                assert_eq!(kind(address), Some(of), "{address}");
            }
            assert_eq!(kind(outside), None, "{outside}");
        }
    }

    #[test]
    fn each_range_of_ipv6_ends_where_its_source_says() {
        for (inside, of) in [
            (["::", "::"], Kind::Never),
            (["fe80::", "febf:ffff::"], Kind::Never),
            (["ff00::", "ffff::1"], Kind::Never),
            (["fd00:ec2::", "fd00:ec2:ffff::254"], Kind::Never),
            (["fd20:ce::254", "fd00:42::42"], Kind::Never),
            (["::1", "::1"], Kind::Loopback),
            (["fc00::", "fdff:ffff::"], Kind::Private),
            (["fd00:ec1:ffff::", "fd00:ec3::"], Kind::Private),
            (["fd20:ce::253", "fd00:42::41"], Kind::Private),
            (["fec0::", "feff:ffff::"], Kind::Private),
            (["64:ff9b:1::", "64:ff9b:1:ffff::"], Kind::Private),
        ] {
            for address in inside {
                assert_eq!(kind(address), Some(of), "{address}");
            }
        }
        for outside in ["2600:1f13::1", "fbff::1", "fe00::1", "64:ff9b:2::1"] {
            assert_eq!(kind(outside), None, "{outside}");
        }
    }

    /// Ways to write an IPv4 address as an IPv6 address.
    fn disguises(v4: Ipv4Addr) -> [String; 12] {
        let [a, b, c, d] = v4.octets();
        let bits = v4.to_bits();
        let (high, low) = (bits >> 16, bits & 0xffff);
        let inverted = Ipv4Addr::from_bits(!bits);
        [
            format!("::ffff:{v4}"),
            format!("::{v4}"),
            format!("::ffff:0:{v4}"),
            format!("64:ff9b::{v4}"),
            format!("64:ff9b:1::{v4}"),
            format!("64:ff9b:1:{high:x}:{c:x}:{d:x}00::"),
            format!("64:ff9b:1:{a:x}:{b:x}:{low:x}::"),
            format!("64:ff9b:1:0:{a:x}:{b:02x}{c:02x}:{d:02x}00:0"),
            format!("2002:{high:x}:{low:x}::1"),
            format!("2001:0:{high:x}:{low:x}:8000:1:f7f7:f7f7"),
            format!("2001:0:808:808:8000:1:{inverted}"),
            format!("2600::200:5efe:{v4}"),
        ]
    }

    #[test]
    fn an_address_in_another_is_what_it_is_by_itself() {
        for (v4, of) in [
            ("169.254.169.254", Kind::Never),
            ("100.100.100.200", Kind::Never),
            ("127.0.0.1", Kind::Loopback),
            ("10.1.2.3", Kind::Private),
        ] {
            for address in disguises(v4.parse().unwrap()) {
                assert_eq!(kind(&address), Some(of), "{address}");
            }
        }
        for address in ["::ffff:8.8.8.8", "64:ff9b::8.8.8.8", "2002:808:808::1"] {
            assert_eq!(kind(address), None, "{address}");
        }
    }

    proptest! {
        #[test]
        fn no_disguise_makes_an_address_better(bits in 0x0100_0000_u32..) {
            let v4 = Ipv4Addr::from_bits(bits);
            for address in disguises(v4) {
                prop_assert!(kind(&address) >= Kind::of(IpAddr::V4(v4)), "{}", address);
            }
        }
    }
}
