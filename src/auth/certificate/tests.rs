//! Certificates of every kind against every kind of rule.

use std::time::{Duration, SystemTime};

use rcgen::string::Ia5String;
use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair, SanType};
use rustls_pki_types::CertificateDer;
use x509_parser::prelude::FromDer as _;

use super::{Holder, Rule, caller};
use crate::auth::credential::Refusal;
use crate::auth::subject::Subject;
use crate::model::caller::Access;
use crate::model::name::Labels;

fn rule(name: &str, holder: Holder) -> Rule {
    Rule {
        name: name.to_owned(),
        holder,
        access: Access::Operator,
        labels: Labels::default(),
    }
}

fn subject(text: &str) -> Holder {
    Holder::Subject(Subject::parse(text).unwrap())
}

/// A certificate with this subject, what is most general first, and these alternative names.
fn certificate(subject: &[(DnType, &str)], names: Vec<SanType>) -> CertificateDer<'static> {
    let mut parameters = CertificateParams::default();
    parameters.distinguished_name = DistinguishedName::new();
    for (of_type, value) in subject {
        parameters.distinguished_name.push(of_type.clone(), *value);
    }
    parameters.subject_alt_names = names;
    let key = KeyPair::generate().unwrap();
    parameters.self_signed(&key).unwrap().der().clone()
}

fn ia5(text: &str) -> Ia5String {
    Ia5String::try_from(text).unwrap()
}

fn named(rules: &[Rule], certificate: &CertificateDer<'_>) -> Option<String> {
    let caller = caller(rules, certificate, SystemTime::now());
    caller.ok().map(|caller| caller.name)
}

#[test]
fn a_subject_is_meant_as_a_whole() {
    let organization = (DnType::OrganizationName, "Example, Inc.");
    let long = certificate(&[organization, (DnType::CommonName, "reports")], vec![]);
    let short = certificate(&[(DnType::CommonName, "reports")], vec![]);
    for (text, is_long, is_short) in [
        ("CN=reports", false, true),
        ("CN=reports,O=Example\\, Inc.", true, false),
        ("O=Example\\, Inc.,CN=reports", false, false),
        ("CN=Reports", false, false),
        ("CN=report", false, false),
        ("O=Example\\, Inc.", false, false),
    ] {
        let rules = [rule("reports", subject(text))];
        assert_eq!(named(&rules, &long).is_some(), is_long, "{text}");
        assert_eq!(named(&rules, &short).is_some(), is_short, "{text}");
    }
}

#[test]
fn an_alternative_name_is_compared_with_names_of_its_own_kind() {
    let dns = SanType::DnsName(ia5("reports.example.com"));
    let uri = SanType::URI(ia5("spiffe://example.com/reports"));
    let email = SanType::Rfc822Name(ia5("reports@example.com"));
    let rules = [
        rule("by-dns", Holder::Dns("Reports.example.com".to_owned())),
        rule(
            "by-uri",
            Holder::Uri("spiffe://example.com/reports".to_owned()),
        ),
        rule("by-email", Holder::Email("reports@example.com".to_owned())),
    ];
    for (names, found) in [
        (vec![dns.clone()], Some("certificate:by-dns")),
        (vec![uri.clone()], Some("certificate:by-uri")),
        (vec![email.clone()], Some("certificate:by-email")),
        (vec![email, uri.clone(), dns], Some("certificate:by-dns")),
        (vec![uri, SanType::URI(ia5("spiffe://example.com/x"))], None),
        (vec![SanType::DnsName(ia5("reports@example.com"))], None),
        (vec![SanType::DnsName(ia5("*.example.com"))], None),
        (vec![SanType::URI(ia5("reports.example.com"))], None),
        (
            vec![SanType::URI(ia5("spiffe://example.com/reports/x"))],
            None,
        ),
    ] {
        let certificate = certificate(&[(DnType::CommonName, "reports.example.com")], names);
        assert_eq!(named(&rules, &certificate).as_deref(), found);
    }
}

#[test]
fn the_first_rule_that_fits_decides() {
    let certificate = certificate(&[(DnType::CommonName, "reports")], vec![]);
    let rules = [
        rule("other", subject("CN=other")),
        rule("first", subject("CN=reports")),
        rule("second", subject("CN=reports")),
    ];
    assert_eq!(
        named(&rules, &certificate).as_deref(),
        Some("certificate:first")
    );
    let refusal = caller(&rules[..1], &certificate, SystemTime::now());
    assert!(matches!(refusal, Err(Refusal::NoAccess { .. })));
    let garbage = CertificateDer::from(b"garbage".to_vec());
    let refusal = caller(&rules, &garbage, SystemTime::now());
    assert!(matches!(refusal, Err(Refusal::NotAccepted(_))));
}

#[test]
fn a_certificate_that_expires_while_the_connection_lasts_is_refused() {
    let mut parameters = CertificateParams::default();
    parameters
        .distinguished_name
        .push(DnType::CommonName, "reports");
    parameters.not_after = rcgen::date_time_ymd(2030, 1, 1);
    let key = KeyPair::generate().unwrap();
    let certificate = parameters.self_signed(&key).unwrap().der().clone();
    let (_, read) = super::X509Certificate::from_der(&certificate).unwrap();
    let rules = [rule(
        "any",
        Holder::Subject(Subject::of(read.subject()).unwrap()),
    )];
    let end = humantime::parse_rfc3339("2030-01-01T00:00:00Z").unwrap();
    assert!(caller(&rules, &certificate, end).is_ok());
    let refusal = caller(&rules, &certificate, end + Duration::from_secs(1));
    assert!(matches!(refusal, Err(Refusal::Expired { at, .. }) if at == end));
}
