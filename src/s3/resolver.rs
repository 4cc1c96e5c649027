//! Finds the addresses of an endpoint's host, and leaves out those that may not be connected to.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use aws_smithy_runtime_api::client::dns::{
    DnsFuture, ResolveDns, ResolveDnsError, SharedDnsResolver,
};

use super::guard::Guard;

/// Another resolver behind the endpoint guard. What is connected to is what was checked: there is one look-up for both, so that a name which
/// changes its addresses in between gains nothing.
#[derive(Clone, Debug)]
pub(super) struct Guarded {
    pub(super) guard: Guard,
    pub(super) names: SharedDnsResolver,
}

impl ResolveDns for Guarded {
    fn resolve_dns<'a>(&'a self, name: &'a str) -> DnsFuture<'a> {
        DnsFuture::new(async move {
            let found = self.names.resolve_dns(name).await?;
            self.guard.select(found).map_err(ResolveDnsError::new)
        })
    }
}

/// The system's resolver, but for names under `localhost`: those are this machine wherever they are looked up (RFC 6761, section 6.3), which
/// not every system knows. A store on this machine that wants the bucket in the host name is reached by it.
#[derive(Clone, Copy, Debug)]
pub(super) struct System;

impl ResolveDns for System {
    fn resolve_dns<'a>(&'a self, name: &'a str) -> DnsFuture<'a> {
        DnsFuture::new(async move {
            if is_localhost(name) {
                return Ok(vec![
                    IpAddr::V4(Ipv4Addr::LOCALHOST),
                    IpAddr::V6(Ipv6Addr::LOCALHOST),
                ]);
            }
            let found = tokio::net::lookup_host((name, 0)).await;
            let found = found.map_err(ResolveDnsError::new)?;
            Ok(found.map(|address| address.ip()).collect())
        })
    }
}

fn is_localhost(name: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name);
    let (_, last) = name.rsplit_once('.').unwrap_or(("", name));
    last.eq_ignore_ascii_case("localhost")
}

#[cfg(test)]
mod tests {
    use super::is_localhost;

    #[test]
    fn only_localhost_and_what_is_under_it_is_this_machine() {
        for name in [
            "localhost",
            "LocalHost",
            "bucket.localhost",
            "a.b.localhost.",
        ] {
            assert!(is_localhost(name), "{name}");
        }
        for name in ["localhost.example.com", "notlocalhost", "", ".", "local"] {
            assert!(!is_localhost(name), "{name}");
        }
    }
}
