//! What a request sends to say who it is from, and why that is not enough.

use std::time::SystemTime;

use rustls_pki_types::CertificateDer;

use crate::model::secret::Secret;

/// What a request has shown.
#[derive(Debug)]
pub enum Credential {
    /// Nothing.
    Nothing,
    /// A bearer token: one of the server's own, or a JWT.
    Bearer(Secret),
    /// Something that is no bearer token in the place of one.
    Malformed,
    /// The certificate of the client, which the transport has verified.
    Certificate(CertificateDer<'static>),
}

/// Why a credential makes no caller. What is said of it to who sent it is in `grpc/status/access.rs`.
#[derive(Debug, PartialEq, Eq)]
pub enum Refusal {
    /// There was none.
    Missing,
    /// It is none that is accepted here. The word says why, for the log alone.
    NotAccepted(&'static str),
    /// It was accepted until then. Told only to who has proven to have it.
    Expired {
        /// Whose it is.
        name: String,
        /// When it expired.
        at: SystemTime,
    },
    /// It is in order, but nothing gives its holder any access.
    NoAccess {
        /// Whose it is.
        name: String,
    },
    /// The keys that it would be checked with are not there yet.
    KeysUnavailable {
        /// Whose keys.
        issuer: String,
    },
}
