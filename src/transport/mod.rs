//! How calls come in: over TCP, plain or under TLS with files that are read again while the server runs.

mod connection;
mod handshakes;
mod incoming;
mod pem;
mod places;
mod tls;

pub use connection::Connection;
pub use incoming::{Incoming, Keepalive, Most};
pub use tls::{ClientAuthority, Files, Tls};
