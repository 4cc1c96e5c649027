//! Finds the addresses of an endpoint's host, and leaves out those that may not be connected to.

use std::io::{self, ErrorKind};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, ToSocketAddrs};
use std::time::Duration;

use aws_smithy_runtime_api::client::dns::{
    DnsFuture, ResolveDns, ResolveDnsError, SharedDnsResolver,
};

use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::guard::Guard;

/// How many names are looked up at once. Name servers that do not answer hold these threads, and none of those that everything else needs.
static LOOK_UPS: Semaphore = Semaphore::const_new(64);
/// How long a look-up may take, waiting for its turn included.
const PATIENCE: Duration = Duration::from_secs(5);

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
            let found = timeout(PATIENCE, look_up(name.to_owned())).await;
            let found = found.map_err(|elapsed| io::Error::new(ErrorKind::TimedOut, elapsed));
            found.flatten().map_err(ResolveDnsError::new)
        })
    }
}

/// Asks the system, whose look-up takes a thread for as long as it lasts, also when nobody waits for it any more.
async fn look_up(name: String) -> io::Result<Vec<IpAddr>> {
    let permit = LOOK_UPS.acquire().await.map_err(io::Error::other)?;
    let found = tokio::task::spawn_blocking(move || {
        let _permit = permit;
        let found = (&*name, 0).to_socket_addrs()?;
        Ok(found.map(|address| address.ip()).collect())
    });
    found.await?
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
