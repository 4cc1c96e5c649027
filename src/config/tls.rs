//! The options of TLS.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::transport::{ClientAuthority, Files};

/// The options of TLS.
#[derive(Args, Clone, Debug)]
pub struct Tls {
    /// The certificate of this server in PEM, its issuers after it: calls come over TLS. The files of TLS are read again on SIGHUP and when they change.
    #[arg(
        long,
        env = "DATASTORED_TLS_CERT",
        value_name = "FILE",
        requires = "tls_key"
    )]
    pub tls_cert: Option<PathBuf>,

    /// The private key of the certificate, in PEM: PKCS#8, PKCS#1 or SEC1, without a passphrase.
    #[arg(
        long,
        env = "DATASTORED_TLS_KEY",
        value_name = "FILE",
        requires = "tls_cert"
    )]
    pub tls_key: Option<PathBuf>,

    /// The authorities of callers, in PEM: who has no certificate of one of them is refused (mutual TLS).
    #[arg(
        long,
        env = "DATASTORED_TLS_CLIENT_CA",
        value_name = "FILE",
        requires = "tls_cert"
    )]
    pub tls_client_ca: Option<PathBuf>,

    /// Whether a caller must have a certificate. One that is shown is checked in either case.
    #[arg(
        long,
        env = "DATASTORED_TLS_CLIENT_CERTIFICATE",
        default_value = "required",
        requires = "tls_client_ca"
    )]
    pub tls_client_certificate: ClientCertificate,
}

/// Whether a caller must have a certificate of the authorities in `--tls-client-ca`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ClientCertificate {
    /// It may come without.
    Optional,
    /// It must have one.
    Required,
}

impl Tls {
    /// The files of TLS, when it is to be spoken.
    #[must_use]
    pub fn files(&self) -> Option<Files> {
        let (certificate, key) = (self.tls_cert.clone()?, self.tls_key.clone()?);
        let required = self.tls_client_certificate == ClientCertificate::Required;
        let authority = |file| ClientAuthority { file, required };
        Some(Files {
            certificate,
            key,
            client_authority: self.tls_client_ca.clone().map(authority),
        })
    }

    /// What is asked of callers, in a word for the log.
    #[must_use]
    pub fn client_certificates(&self) -> &'static str {
        match (&self.tls_client_ca, self.tls_client_certificate) {
            (None, _) => "none",
            (Some(_), ClientCertificate::Optional) => "optional",
            (Some(_), ClientCertificate::Required) => "required",
        }
    }
}
