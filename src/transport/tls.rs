//! What TLS is spoken with: the certificate, its key and the authorities of callers, read from files and read again while the server runs.

use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};

use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::server::danger::ClientCertVerifier;
use rustls::server::{NoServerSessionStorage, WebPkiClientVerifier};
use rustls::{Error, RootCertStore, ServerConfig};
use rustls_pki_types::CertificateDer;
use tracing::warn;
use x509_parser::time::ASN1Time;

use super::pem;

/// HTTP/2, by the name that RFC 9113, section 3.1 gives it for ALPN.
const HTTP2: &[u8] = b"h2";

/// The files of TLS.
#[derive(Clone, Debug)]
pub struct Files {
    /// The server's certificate in PEM, its issuers after it.
    pub certificate: PathBuf,
    /// Its private key in PEM: PKCS#8, PKCS#1 or SEC1.
    pub key: PathBuf,
    /// Who vouches for callers.
    pub client_authority: Option<ClientAuthority>,
}

/// Who vouches for callers.
#[derive(Clone, Debug)]
pub struct ClientAuthority {
    /// The authorities' certificates in PEM.
    pub file: PathBuf,
    /// Who has no certificate is refused. Otherwise only who shows one that is not good.
    pub required: bool,
}

impl Files {
    /// All of them.
    #[must_use]
    pub fn paths(&self) -> Vec<PathBuf> {
        let authority = self.client_authority.iter().map(|a| &a.file);
        let own = [&self.certificate, &self.key];
        own.into_iter().chain(authority).cloned().collect()
    }

    /// Reads them all.
    fn read(&self) -> Result<ServerConfig, String> {
        let chain = pem::certificates("--tls-cert", &self.certificate)?;
        let key = pem::private_key("--tls-key", &self.key)?;
        self.warn_of_dates(&chain);
        let provider = Arc::new(aws_lc_rs::default_provider());
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider));
        let builder = builder
            .with_safe_default_protocol_versions()
            .map_err(|error| format!("TLS cannot be spoken: {error}"))?;
        let builder = match &self.client_authority {
            None => builder.with_no_client_auth(),
            Some(authority) => builder.with_client_cert_verifier(authority.verifier(provider)?),
        };
        let config = builder.with_single_cert(chain, key);
        let mut config = config.map_err(|error| self.unfit(&error))?;
        config.alpn_protocols = vec![HTTP2.to_vec()];
        if self.client_authority.is_some() {
            // Whoever resumes a session shows no certificate, and one that has expired since would still be believed.
            config.session_storage = Arc::new(NoServerSessionStorage {});
            config.send_tls13_tickets = 0;
        }
        Ok(config)
    }

    /// Why certificate and key cannot be used together.
    fn unfit(&self, error: &Error) -> String {
        let (certificate, key) = (self.certificate.display(), self.key.display());
        match error {
            Error::InconsistentKeys(_) => format!(
                "--tls-key {key} is not the key of the first certificate in --tls-cert {certificate}; \
                 give the two that belong together, with the server's own certificate first"
            ),
            Error::InvalidCertificate(_) => format!(
                "--tls-cert {certificate} cannot be used: {error}; give an X.509 certificate of version 3"
            ),
            _ => format!(
                "--tls-key {key} cannot be used: {error}; give an RSA, ECDSA or Ed25519 key"
            ),
        }
    }

    /// Warns of each certificate that callers will not accept today.
    fn warn_of_dates(&self, chain: &[CertificateDer<'_>]) {
        let (file, now) = (self.certificate.display(), ASN1Time::now());
        for certificate in chain {
            // One that cannot be read is found where it is used.
            let Ok((_, certificate)) = x509_parser::parse_x509_certificate(certificate) else {
                continue;
            };
            let (from, until) = (
                certificate.validity().not_before,
                certificate.validity().not_after,
            );
            if until < now {
                warn!(%file, %until, "a certificate of --tls-cert has expired, and callers will refuse it; renew it");
            } else if now < from {
                warn!(%file, %from, "a certificate of --tls-cert is not valid yet, and callers will refuse it; check the clock");
            }
        }
    }
}

impl ClientAuthority {
    fn verifier(
        &self,
        provider: Arc<CryptoProvider>,
    ) -> Result<Arc<dyn ClientCertVerifier>, String> {
        let unusable = |error: &dyn std::fmt::Display| {
            let file = self.file.display();
            format!(
                "--tls-client-ca {file} cannot be used: {error}; give the certificates of authorities"
            )
        };
        let mut roots = RootCertStore::empty();
        for certificate in pem::certificates("--tls-client-ca", &self.file)? {
            roots.add(certificate).map_err(|e| unusable(&e))?;
        }
        let builder = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
        let builder = if self.required {
            builder
        } else {
            builder.allow_unauthenticated()
        };
        builder.build().map_err(|e| unusable(&e))
    }
}

/// What TLS is spoken with now.
#[derive(Debug)]
pub struct Tls {
    files: Files,
    current: RwLock<Arc<ServerConfig>>,
}

impl Tls {
    /// Reads the files. Blocks.
    ///
    /// # Errors
    /// A sentence that names the option and the file, and says what to do.
    pub fn load(files: Files) -> Result<Self, String> {
        let current = RwLock::new(Arc::new(files.read()?));
        Ok(Self { files, current })
    }

    /// Reads the files again: connections made from now on are made with what is in them. Blocks.
    ///
    /// # Errors
    /// As [`load`](Self::load); then all stays as it was.
    pub fn reload(&self) -> Result<(), String> {
        let read = Arc::new(self.files.read()?);
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = read;
        Ok(())
    }

    /// What a new connection is made with.
    pub(super) fn current(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }
}
