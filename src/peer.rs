//! The other end of a connection, as the transport knows it. A value of this is among the extensions of every request.

use std::net::SocketAddr;

use rustls_pki_types::CertificateDer;

/// The other end of a connection.
#[derive(Clone, Debug)]
pub struct Peer {
    /// Where it is.
    pub address: SocketAddr,
    /// The certificate that it has proven to have, its issuers after it; empty without mutual TLS.
    pub certificates: Vec<CertificateDer<'static>>,
}
