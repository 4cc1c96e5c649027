//! Rules for client certificates: which one has which access. The transport has verified the certificate before.

use std::time::SystemTime;

use rustls_pki_types::CertificateDer;
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::FromDer;

use super::credential::Refusal;
use super::subject::Subject;
use crate::model::caller::{Access, Caller};
use crate::model::name::Labels;

/// A rule: who has such a certificate is this caller.
#[derive(Debug)]
pub(super) struct Rule {
    /// The name that its holder is known by.
    pub(super) name: String,
    pub(super) holder: Holder,
    pub(super) access: Access,
    pub(super) labels: Labels,
}

/// What a certificate must have to be meant. Nothing in it is a pattern.
#[derive(Debug)]
pub(super) enum Holder {
    /// This whole subject.
    Subject(Subject),
    /// This DNS name among its alternative names; capitals make no difference.
    Dns(String),
    /// This URI as the only one among its alternative names, as a SPIFFE id is
    /// ("X.509-SVID", section 2: "MUST contain exactly one URI SAN").
    Uri(String),
    /// This e-mail address among its alternative names.
    Email(String),
}

/// The caller whom the first rule that fits makes of a certificate.
///
/// # Errors
/// A certificate that cannot be read, has expired, or that no rule fits.
pub(super) fn caller(
    rules: &[Rule],
    certificate: &CertificateDer<'_>,
    now: SystemTime,
) -> Result<Caller, Refusal> {
    let read = X509Certificate::from_der(certificate);
    let (_, certificate) = read.map_err(|_| Refusal::NotAccepted("unreadable certificate"))?;
    let rule = rules.iter().find(|rule| rule.holder.has(&certificate));
    let rule = rule.ok_or_else(|| Refusal::NoAccess {
        name: "certificate".to_owned(),
    })?;
    let name = format!("certificate:{}", rule.name);
    // The transport looked when the connection was made, and a connection can last for long.
    let at = not_after(&certificate);
    if at.is_none_or(|at| at < now) {
        let at = at.unwrap_or(now);
        return Err(Refusal::Expired { name, at });
    }
    Ok(Caller {
        name,
        access: rule.access,
        labels: rule.labels.clone(),
    })
}

fn not_after(certificate: &X509Certificate<'_>) -> Option<SystemTime> {
    let seconds = certificate.validity().not_after.timestamp();
    let seconds = std::time::Duration::from_secs(u64::try_from(seconds).ok()?);
    SystemTime::UNIX_EPOCH.checked_add(seconds)
}

impl Holder {
    fn has(&self, certificate: &X509Certificate<'_>) -> bool {
        let alternatives = certificate.subject_alternative_name();
        let names: &[GeneralName<'_>] = match &alternatives {
            Ok(Some(extension)) => &extension.value.general_names,
            Ok(None) => &[],
            // Two of them: nobody can tell which one was meant.
            Err(_) => return false,
        };
        match self {
            Self::Subject(subject) => {
                Subject::of(certificate.subject()).is_some_and(|of| of == *subject)
            }
            Self::Dns(dns) => names
                .iter()
                .any(|name| matches!(name, GeneralName::DNSName(d) if d.eq_ignore_ascii_case(dns))),
            Self::Uri(uri) => {
                let uris = names.iter().filter_map(|name| match name {
                    GeneralName::URI(uri) => Some(*uri),
                    _ => None,
                });
                uris.eq([uri.as_str()])
            }
            Self::Email(email) => names
                .iter()
                .any(|name| matches!(name, GeneralName::RFC822Name(e) if e == email)),
        }
    }
}

#[cfg(test)]
mod tests;
