//! etcd, a single node, beside which `datastored` is measured: what one would otherwise keep such records in.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::Error;

/// Where `make bench` puts Debian's.
const PROGRAM: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/target/etcd/usr/bin/etcd");

/// How long it may take to start.
const PATIENCE: Duration = Duration::from_secs(30);

/// A running etcd. It ends when this is dropped.
pub struct Etcd {
    child: Child,
    pub address: SocketAddr,
}

impl Etcd {
    /// Starts one with its data in a folder; none where there is no etcd, which is said.
    pub async fn start(folder: &Path) -> Result<Option<Self>, Error> {
        if !Path::new(PROGRAM).exists() {
            println!("etcd is not here ({PROGRAM}): NOTHING IS COMPARED WITH IT");
            return Ok(None);
        }
        let (address, peers) = (free()?, free()?);
        let (clients, peers) = (format!("http://{address}"), format!("http://{peers}"));
        let child = Command::new(PROGRAM)
            .args([
                "--listen-client-urls",
                &clients,
                "--advertise-client-urls",
                &clients,
            ])
            .args([
                "--listen-peer-urls",
                &peers,
                "--initial-advertise-peer-urls",
                &peers,
            ])
            .args([
                "--initial-cluster",
                &format!("default={peers}"),
                "--data-dir",
            ])
            .arg(folder)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        let etcd = Self { child, address };
        let begun = Instant::now();
        while TcpStream::connect(address).is_err() {
            if begun.elapsed() > PATIENCE {
                return Err("etcd does not listen".into());
            }
            tokio::task::yield_now().await;
        }
        Ok(Some(etcd))
    }

    /// The process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Etcd {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// An address that nobody listens on.
fn free() -> Result<SocketAddr, Error> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}
