//! The endpoint guard: which addresses the server connects to.

use std::net::IpAddr;

use super::address::Kind;

/// What a client may connect to: public addresses, and private ones and this machine if the operator allows it. Nothing else, ever.
#[derive(Clone, Copy, Debug)]
pub struct Guard {
    allows_private: bool,
}

/// An address, or all addresses of a name, are of a kind that the server does not connect to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the endpoint guard does not connect to an address of the kind {0:?}")]
pub(super) struct Forbidden(pub(super) Kind);

impl Guard {
    /// A guard that lets through private addresses and this machine, or not.
    #[must_use]
    pub fn new(allows_private: bool) -> Self {
        Self { allows_private }
    }

    /// Whether an address may be connected to.
    pub(super) fn check(self, address: IpAddr) -> Result<(), Forbidden> {
        match Kind::of(address) {
            None => Ok(()),
            Some(Kind::Private | Kind::Loopback) if self.allows_private => Ok(()),
            Some(kind) => {
                tracing::info!(%address, ?kind, "the endpoint guard does not connect to this address");
                Err(Forbidden(kind))
            }
        }
    }

    /// Those of the addresses of a name that may be connected to. When there are none: the kind of the one that could most easily be allowed.
    pub(super) fn select(self, found: Vec<IpAddr>) -> Result<Vec<IpAddr>, Forbidden> {
        let (mut allowed, mut kinds) = (Vec::new(), Vec::new());
        for address in found {
            match self.check(address) {
                Ok(()) => allowed.push(address),
                Err(Forbidden(kind)) => kinds.push(kind),
            }
        }
        match kinds.into_iter().min() {
            Some(kind) if allowed.is_empty() => Err(Forbidden(kind)),
            _ => Ok(allowed),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Forbidden, Guard, Kind};
    use std::net::IpAddr;

    const PUBLIC: &str = "8.8.8.8";
    const PRIVATE: &str = "10.0.0.1";
    const LOOPBACK: &str = "127.0.0.1";
    const METADATA: &str = "169.254.169.254";

    fn select(allows_private: bool, found: &[&str]) -> Result<Vec<IpAddr>, Forbidden> {
        Guard::new(allows_private).select(addresses(found))
    }

    fn addresses(texts: &[&str]) -> Vec<IpAddr> {
        texts.iter().map(|a| a.parse().unwrap()).collect()
    }

    #[test]
    fn private_addresses_and_this_machine_are_let_through_when_the_operator_says_so() {
        let all = [METADATA, LOOPBACK, PUBLIC, PRIVATE];
        assert_eq!(select(false, &all), Ok(addresses(&[PUBLIC])));
        assert_eq!(
            select(true, &all),
            Ok(addresses(&[LOOPBACK, PUBLIC, PRIVATE]))
        );
        assert_eq!(select(true, &[METADATA]), Err(Forbidden(Kind::Never)));
        assert_eq!(select(true, &[]), Ok(vec![]));
    }

    #[test]
    fn of_many_kinds_that_are_not_let_through_the_least_is_told() {
        let all = [METADATA, LOOPBACK, PRIVATE];
        assert_eq!(select(false, &all), Err(Forbidden(Kind::Private)));
        assert_eq!(select(false, &all[..2]), Err(Forbidden(Kind::Loopback)));
    }
}
