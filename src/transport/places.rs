//! The places for connections: so many at once, and a part of them for one address.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The connections that are open. There is an entry for each address that has one, so there are never more entries than connections.
#[derive(Debug)]
pub(super) struct Places {
    max: u32,
    max_of_one: u32,
    open: Mutex<Open>,
}

#[derive(Debug, Default)]
struct Open {
    all: u32,
    of_each: HashMap<IpAddr, u32>,
}

/// One of the places, given back when this is dropped.
#[derive(Debug)]
pub(super) struct Place {
    places: Arc<Places>,
    network: IpAddr,
}

/// Why there is no place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Full {
    /// As many connections are open as may be.
    All,
    /// The address has as many as one may have.
    OfOne,
}

/// Whom the connections of an address count for: itself, or in IPv6 its network (a /64), since whoever has one address of it has them all
/// (RFC 6177, section 2).
pub(super) fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into(),
        address @ IpAddr::V4(_) => address,
    }
}

impl Places {
    pub(super) fn new(max: u32, max_of_one: u32) -> Arc<Self> {
        Arc::new(Self {
            max,
            max_of_one,
            open: Mutex::default(),
        })
    }

    /// A place for a connection from this network.
    pub(super) fn take(self: &Arc<Self>, network: IpAddr) -> Result<Place, Full> {
        let mut open = self.lock();
        let of_one = open.of_each.get(&network).copied().unwrap_or_default();
        if of_one >= self.max_of_one {
            return Err(Full::OfOne);
        }
        if open.all >= self.max {
            return Err(Full::All);
        }
        open.all += 1;
        open.of_each.insert(network, of_one + 1);
        Ok(Place {
            places: Arc::clone(self),
            network,
        })
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place {
    /// Whose it is.
    pub(super) fn network(&self) -> IpAddr {
        self.network
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self.places.lock();
        open.all -= 1;
        if let Some(of_one) = open.of_each.get_mut(&self.network) {
            *of_one -= 1;
            if *of_one == 0 {
                open.of_each.remove(&self.network);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Full, Places, network};

    #[test]
    fn an_address_has_a_part_of_the_places_and_of_ipv6_a_network_is_one() {
        let places = Places::new(4, 2);
        let at = |address: &str| network(address.parse().unwrap());
        let greedy = [
            places.take(at("2001:db8:1:2::1")).unwrap(),
            places.take(at("2001:db8:1:2:ffff::1")).unwrap(),
        ];
        let third = places.take(at("2001:db8:1:2::3"));
        assert_eq!(third.unwrap_err(), Full::OfOne);
        let other = [at("2001:db8:1:3::1"), at("192.0.2.7")].map(|n| places.take(n).unwrap());
        assert_eq!(places.take(at("192.0.2.8")).unwrap_err(), Full::All);
        drop(greedy);
        // An IPv4 address is the same one inside an IPv6 one.
        let again = places.take(at("::ffff:192.0.2.7")).unwrap();
        assert_eq!(places.take(at("192.0.2.7")).unwrap_err(), Full::OfOne);
        drop((other, again));
        assert!(places.lock().of_each.is_empty(), "nobody is remembered");
        assert_eq!(places.lock().all, 0);
    }
}
