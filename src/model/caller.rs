//! Who sends a request: the name they are known by, what they may do, and which datastores they may see.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::name::Labels;

/// The name of whoever calls a server that asks nobody who they are.
const ANONYMOUS: &str = "anonymous";

/// What a caller may do. Each may do what those before it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Access {
    /// Read datastores, links, tests and policies.
    Viewer,
    /// Test connections, too.
    Operator,
    /// Change datastores and links, too.
    Editor,
    /// Read the audit, too, and all else.
    Admin,
}

/// Who sends a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// How they have proven who they are, and as whom: `token:ci`, `certificate:CN=reports`, `jwt:https://login.example.com#alice`; `anonymous` where nobody has to.
    pub name: String,
    /// What they may do.
    pub access: Access,
    /// They see the datastores that have all of these labels, and no others. Empty: every datastore.
    pub labels: Labels,
}

/// Whom the limits of a caller count for. The default is all of those together of whom nothing is known.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub enum Account {
    /// Nothing is known of them.
    #[default]
    Unknown,
    /// The caller of this name.
    Named(String),
    /// Whoever is at this address of IPv4.
    Address(Ipv4Addr),
    /// Whoever is in this network of IPv6, a /64.
    Network(Ipv6Addr),
}

impl Account {
    /// That of a caller: their name, or their address where nobody has said who they are. The addresses of one IPv6 network (a /64) count as one, since
    /// whoever has one of them has them all (RFC 6177, section 2).
    #[must_use]
    pub fn of(caller: Option<&str>, address: Option<SocketAddr>) -> Self {
        let address = address.map(|address| address.ip().to_canonical());
        let name = caller.filter(|name| *name != ANONYMOUS);
        match (name, address) {
            (Some(name), _) => Self::Named(name.to_owned()),
            (None, Some(IpAddr::V4(address))) => Self::Address(address),
            (None, Some(IpAddr::V6(address))) => {
                Self::Network(Ipv6Addr::from_bits(address.to_bits() >> 64 << 64))
            }
            (None, None) => Self::Unknown,
        }
    }
}

impl fmt::Display for Account {
    /// The name it goes by in messages: that of the caller, or `address:` and the address.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown => f.write_str("unknown"),
            Self::Named(name) => f.write_str(name),
            Self::Address(address) => write!(f, "address:{address}"),
            Self::Network(network) => write!(f, "address:{network}/64"),
        }
    }
}

impl Access {
    /// Every one, the least first.
    pub const ALL: [Self; 4] = [Self::Viewer, Self::Operator, Self::Editor, Self::Admin];

    /// The word for it, in files and messages.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Operator => "operator",
            Self::Editor => "editor",
            Self::Admin => "admin",
        }
    }

    /// The one with this word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|access| access.as_str() == word)
    }
}

impl Caller {
    /// Whoever calls a server that asks nobody who they are.
    #[must_use]
    pub fn anonymous() -> Self {
        Self {
            name: ANONYMOUS.to_owned(),
            access: Access::Admin,
            labels: Labels::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Account;

    #[test]
    fn limits_count_for_a_name_and_without_one_for_an_address_or_a_network_of_ipv6() {
        for (name, address, account) in [
            (Some("token:ci"), "192.0.2.7:1", "token:ci"),
            (Some("anonymous"), "192.0.2.7:1", "address:192.0.2.7"),
            (None, "192.0.2.7:2", "address:192.0.2.7"),
            (None, "[::ffff:192.0.2.7]:2", "address:192.0.2.7"),
            (
                None,
                "[2001:db8:1:2:3:4:5:6]:1",
                "address:2001:db8:1:2::/64",
            ),
            (
                None,
                "[2001:db8:1:2:7:8:9:a]:1",
                "address:2001:db8:1:2::/64",
            ),
        ] {
            let known = Account::of(name, Some(address.parse().unwrap()));
            assert_eq!(known.to_string(), account, "{address}");
        }
        assert_eq!(Account::of(None, None), Account::default());
    }
}
