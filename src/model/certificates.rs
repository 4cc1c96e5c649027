//! Certificates of authorities that a datastore's endpoint is trusted by.

use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;

/// The most bytes of PEM that are taken.
const MAX: usize = 64 * 1_024;

/// One certificate or more, in PEM, each of which can be an anchor of trust. Public: a certificate holds no secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificates(String);

/// Why a text is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CertificatesError {
    /// More than 64 KiB.
    #[error("has more than {MAX} bytes: send only the authority's certificate")]
    TooLong,
    /// A private key among the certificates.
    #[error(
        "holds a private key: send only the authority's certificate, and replace the key, since it has been sent"
    )]
    PrivateKey,
    /// Nothing in it is a certificate in PEM.
    #[error("holds no certificate in PEM: send what begins with -----BEGIN CERTIFICATE-----")]
    NotPem,
    /// A certificate that cannot be read.
    #[error("holds a certificate that cannot be read: export it again in PEM")]
    NotACertificate,
}

impl Certificates {
    /// Reads certificates in PEM.
    ///
    /// # Errors
    /// What is too long, holds no certificate, one that cannot be read, or a private key.
    pub fn parse(pem: &str) -> Result<Self, CertificatesError> {
        if pem.len() > MAX {
            return Err(CertificatesError::TooLong);
        }
        if pem.contains("PRIVATE KEY-----") {
            return Err(CertificatesError::PrivateKey);
        }
        let mut count = 0;
        for certificate in CertificateDer::pem_slice_iter(pem.as_bytes()) {
            let certificate = certificate.map_err(|_| CertificatesError::NotPem)?;
            webpki::anchor_from_trusted_cert(&certificate)
                .map_err(|_| CertificatesError::NotACertificate)?;
            count += 1;
        }
        if count == 0 {
            return Err(CertificatesError::NotPem);
        }
        Ok(Self(pem.to_owned()))
    }

    /// The text.
    #[must_use]
    pub fn as_pem(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::{Certificates, CertificatesError};

    #[test]
    fn what_is_no_certificate_is_refused_with_its_own_words() {
        let pem = |kind: &str, body: &str| {
            format!("-----BEGIN {kind}-----\n{body}\n-----END {kind}-----\n")
        };
        for (text, expected) in [
            (String::new(), CertificatesError::NotPem),
            ("hello".to_owned(), CertificatesError::NotPem),
            (
                pem("CERTIFICATE", "aGVsbG8="),
                CertificatesError::NotACertificate,
            ),
            (
                pem("EC PRIVATE KEY", "aGVsbG8="),
                CertificatesError::PrivateKey,
            ),
            ("x".repeat(70_000), CertificatesError::TooLong),
        ] {
            assert_eq!(Certificates::parse(&text), Err(expected), "{text:.40}");
        }
    }
}
