//! The file that the operator writes: rules for client certificates, and the issuers of JWTs. TOML; an unknown key is refused.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use jsonwebtoken::Algorithm;
use serde::Deserialize;

use super::certificate::{Holder, Rule};
use super::error::Error;
use super::file;
use super::jwks::Source;
use super::jwt::{Grant, Trust};
use super::record::checked_name;
use super::subject::Subject;
use crate::model::caller::Access;
use crate::model::name::Labels;

/// The algorithms that a JWT may be signed with: those that need no secret to be checked.
const ALGORITHMS: [(&str, Algorithm); 9] = [
    ("RS256", Algorithm::RS256),
    ("RS384", Algorithm::RS384),
    ("RS512", Algorithm::RS512),
    ("PS256", Algorithm::PS256),
    ("PS384", Algorithm::PS384),
    ("PS512", Algorithm::PS512),
    ("ES256", Algorithm::ES256),
    ("ES384", Algorithm::ES384),
    ("EdDSA", Algorithm::EdDSA),
];

/// What the file says.
#[derive(Debug, Default)]
pub(super) struct AccessFile {
    pub(super) certificates: Vec<Rule>,
    pub(super) issuers: Vec<Trust>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    #[serde(default)]
    certificate: Vec<WrittenCertificate>,
    #[serde(default)]
    jwt: Vec<WrittenJwt>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenCertificate {
    name: String,
    subject: Option<String>,
    dns: Option<String>,
    uri: Option<String>,
    email: Option<String>,
    access: String,
    #[serde(default)]
    labels: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenJwt {
    issuer: String,
    audience: String,
    algorithms: Vec<String>,
    jwks_file: Option<PathBuf>,
    jwks_url: Option<String>,
    #[serde(default)]
    access: Vec<WrittenGrant>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenGrant {
    claim: String,
    value: String,
    access: String,
    #[serde(default)]
    labels: BTreeMap<String, String>,
}

/// Reads the file.
///
/// # Errors
/// A file that cannot be read, or says something that cannot be meant.
pub(super) fn read(path: &Path) -> Result<AccessFile, Error> {
    let text = file::read(path).map_err(|e| Error::read(path, e))?;
    parse(&text).map_err(|problem| Error::content(path, problem))
}

/// What a text says.
///
/// # Errors
/// What cannot be meant.
pub(super) fn parse(text: &str) -> Result<AccessFile, String> {
    let written: Written = toml::from_str(text).map_err(|e| e.to_string())?;
    let certificates = written.certificate.into_iter().map(|certificate| {
        let name = certificate.name.clone();
        rule(certificate).map_err(|problem| format!("certificate `{name}`: {problem}"))
    });
    let certificates = certificates.collect::<Result<_, _>>()?;
    let mut issuers: Vec<Trust> = Vec::new();
    for jwt in written.jwt {
        let issuer = jwt.issuer.clone();
        let of = |problem: String| format!("jwt of issuer `{issuer}`: {problem}");
        if issuers.iter().any(|known| known.issuer == issuer) {
            return Err(of(
                "it is there twice; write all of its rules under one".to_owned()
            ));
        }
        issuers.push(trust(jwt).map_err(of)?);
    }
    Ok(AccessFile {
        certificates,
        issuers,
    })
}

fn rule(written: WrittenCertificate) -> Result<Rule, String> {
    let holder = match (written.subject, written.dns, written.uri, written.email) {
        (Some(subject), None, None, None) => Holder::Subject(Subject::parse(&subject)?),
        (None, Some(dns), None, None) => Holder::Dns(filled("dns", dns)?),
        (None, None, Some(uri), None) => Holder::Uri(filled("uri", uri)?),
        (None, None, None, Some(email)) => Holder::Email(filled("email", email)?),
        _ => return Err("write exactly one of subject, dns, uri and email".to_owned()),
    };
    Ok(Rule {
        name: checked_name(&written.name)?,
        holder,
        access: access(&written.access)?,
        labels: labels(written.labels)?,
    })
}

fn trust(written: WrittenJwt) -> Result<Trust, String> {
    let source = match (written.jwks_file, written.jwks_url) {
        (Some(file), None) => Source::File(file),
        (None, Some(url)) => Source::url(&url)?,
        _ => return Err("write exactly one of jwks_file and jwks_url".to_owned()),
    };
    let algorithms = written.algorithms.iter().map(|name| algorithm(name));
    let algorithms = algorithms.collect::<Result<Vec<_>, _>>()?;
    if algorithms.is_empty() {
        return Err("write the algorithms that it signs with, for example [\"RS256\"]".to_owned());
    }
    let rules = written.access.into_iter().map(grant);
    let rules = rules.collect::<Result<Vec<_>, _>>()?;
    if rules.is_empty() {
        return Err("it gives nobody access; write a [[jwt.access]]".to_owned());
    }
    Ok(Trust {
        issuer: filled("issuer", written.issuer)?,
        audience: filled("audience", written.audience)?,
        algorithms,
        source,
        rules,
    })
}

fn grant(written: WrittenGrant) -> Result<Grant, String> {
    Ok(Grant {
        claim: filled("claim", written.claim)?,
        value: filled("value", written.value)?,
        access: access(&written.access)?,
        labels: labels(written.labels)?,
    })
}

fn algorithm(name: &str) -> Result<Algorithm, String> {
    let found = ALGORITHMS.iter().find(|(known, _)| *known == name);
    let (_, algorithm) = found.ok_or_else(|| {
        let names = ALGORITHMS.map(|(name, _)| name).join(", ");
        format!("algorithm `{name}` is not accepted, because a key to check with must be of no use to sign with; write some of {names}")
    })?;
    Ok(*algorithm)
}

fn access(word: &str) -> Result<Access, String> {
    Access::parse(word)
        .ok_or_else(|| "access is none; write viewer, operator, editor or admin".to_owned())
}

fn labels(labels: BTreeMap<String, String>) -> Result<Labels, String> {
    Labels::parse(labels).map_err(|e| e.to_string())
}

/// A text that must say something.
fn filled(key: &str, text: String) -> Result<String, String> {
    if text.trim().is_empty() {
        Err(format!("{key} is empty; write what is to be compared"))
    } else {
        Ok(text)
    }
}

#[cfg(test)]
mod tests {
    use super::parse;
    use crate::model::caller::Access;

    const CERTIFICATE: &str = "[[certificate]]\nname = \"reports\"\naccess = \"viewer\"\n";
    const JWT: &str = r#"
[[jwt]]
issuer = "https://issuer.example.com"
audience = "datastored"
algorithms = ["RS256"]
jwks_url = "https://issuer.example.com/jwks"
[[jwt.access]]
claim = "groups"
value = "reports"
access = "editor"
labels = { team = "reports" }
"#;

    #[test]
    fn rules_for_certificates_and_jwts_are_read() {
        let certificate = format!("{CERTIFICATE}dns = \"a.b\"\n");
        let file = parse(&format!("{certificate}{JWT}")).unwrap();
        assert_eq!(file.certificates[0].access, Access::Viewer);
        assert_eq!(file.issuers[0].rules[0].labels.get("team"), Some("reports"));
        assert!(parse("").unwrap().issuers.is_empty());
    }

    #[test]
    fn what_cannot_be_meant_is_refused_and_named() {
        let certificate = |more: &str| format!("{CERTIFICATE}{more}");
        let jwt = |from: &str, to: &str| JWT.replace(from, to);
        let url = "jwks_url = \"https://issuer.example.com/jwks\"";
        for (text, part) in [
            (certificate(""), "certificate `reports`: write exactly one"),
            (certificate("dns = \"a\"\nuri = \"b\""), "exactly one"),
            (certificate("dns = \"\""), "dns is empty"),
            (certificate("subject = \"reports\""), "RFC 4514"),
            (certificate("dsn = \"a\""), "dsn"),
            (
                certificate("dns = \"a\"").replace("viewer", "root"),
                "viewer",
            ),
            (
                certificate("dns = \"a\"\nlabels = { \"A\" = \"b\" }"),
                "label key",
            ),
            (jwt("RS256", "HS256"), "`HS256` is not accepted"),
            (jwt("RS256", "none"), "`none` is not accepted"),
            (jwt("RS256", "ES512"), "`ES512` is not accepted"),
            (jwt("[\"RS256\"]", "[]"), "algorithms"),
            (jwt(url, ""), "jwks_file and jwks_url"),
            (
                jwt(
                    "https://issuer.example.com/jwks",
                    "http://issuer.example.com/jwks",
                ),
                "https",
            ),
            (
                jwt("https://issuer.example.com/jwks", "file:///etc/passwd"),
                "https",
            ),
            (
                jwt("https://issuer.example.com/jwks", "https://a:b@c.de/"),
                "password",
            ),
            (jwt("\"datastored\"", "\"\""), "audience is empty"),
            (
                JWT.split("[[jwt.access]]").next().unwrap().to_owned(),
                "gives nobody access",
            ),
            (JWT.repeat(2), "twice"),
            ("[[jwts]]".to_owned(), "jwts"),
            ("[".to_owned(), "line 1"),
        ] {
            let problem = parse(&text).unwrap_err();
            assert!(problem.contains(part), "{text}: {problem}");
        }
        for loopback in ["http://127.0.0.1:8/", "http://[::1]/", "http://localhost/x"] {
            parse(&jwt("https://issuer.example.com/jwks", loopback)).unwrap();
        }
    }
}
