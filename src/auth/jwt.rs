//! Callers with a JWT of an issuer that the operator trusts (RFC 7519).

use std::time::{Duration, SystemTime};

use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, TokenData, Validation, dangerous, decode, decode_header};
use serde_json::{Map, Value};

use super::credential::Refusal;
use super::jwks::Source;
use super::keys::{Keys, NoKey};
use crate::model::caller::{Access, Caller};
use crate::model::name::Labels;

/// How far the issuer's clock and this one may be apart, in seconds.
const LEEWAY: u64 = 60;
/// The longest name of a caller, in bytes.
const MAX_NAME: usize = 255;

/// What the operator says of an issuer.
#[derive(Debug)]
pub(super) struct Trust {
    pub(super) issuer: String,
    /// What must be among the audiences of a JWT.
    pub(super) audience: String,
    /// What it may be signed with; none of them needs a secret to be checked.
    pub(super) algorithms: Vec<Algorithm>,
    pub(super) source: Source,
    pub(super) rules: Vec<Grant>,
}

/// A rule: who has the value in the claim has the access.
#[derive(Debug)]
pub(super) struct Grant {
    pub(super) claim: String,
    /// The whole claim, or one of its values when it is an array.
    pub(super) value: String,
    pub(super) access: Access,
    pub(super) labels: Labels,
}

/// An issuer and its keys.
#[derive(Debug)]
pub(super) struct Issuer {
    trust: Trust,
    keys: Keys,
}

type Claims = Map<String, Value>;

/// The caller that a JWT stands for.
///
/// # Errors
/// A JWT that is not in order, or of nobody who is trusted, or whose claims no rule fits.
pub(super) async fn caller(issuers: &[Issuer], token: &str) -> Result<Caller, Refusal> {
    // Not verified yet: it only tells whose keys to verify it with.
    let said = dangerous::insecure_decode::<Claims>(token).map_err(|_| refused("no JWT"))?;
    let said = said.claims.get("iss").and_then(Value::as_str);
    let issuer = issuers
        .iter()
        .find(|i| Some(i.trust.issuer.as_str()) == said);
    issuer.ok_or(refused("unknown issuer"))?.caller(token).await
}

impl Issuer {
    /// An issuer whose keys are read now and kept up to date.
    ///
    /// # Errors
    /// A file of keys that cannot be used.
    pub(super) async fn start(trust: Trust) -> Result<Self, String> {
        let keys = Keys::start(&trust.issuer, trust.source.clone()).await;
        let keys =
            keys.map_err(|problem| format!("jwt of issuer `{}`: {problem}", trust.issuer))?;
        Ok(Self { trust, keys })
    }

    async fn caller(&self, token: &str) -> Result<Caller, Refusal> {
        let claims = self.verified(token).await?;
        let name = name(&self.trust.issuer, &claims)?;
        let rule = self.trust.rules.iter().find(|rule| rule.fits(&claims));
        let Some(rule) = rule else {
            return Err(Refusal::NoAccess { name });
        };
        Ok(Caller {
            name,
            access: rule.access,
            labels: rule.labels.clone(),
        })
    }

    async fn verified(&self, token: &str) -> Result<Claims, Refusal> {
        let header = decode_header(token).map_err(|_| refused("unreadable header"))?;
        if header.crit.is_some() {
            // "If any of the listed extension Header Parameters are not understood [...], then the JWS is invalid" (RFC 7515, section 4.1.11).
            return Err(refused("critical header"));
        }
        if !self.trust.algorithms.contains(&header.alg) {
            return Err(refused("algorithm"));
        }
        let id = header.kid.ok_or(refused("no kid"))?;
        let key = self
            .keys
            .find(&id, header.alg)
            .await
            .map_err(|no| match no {
                NoKey::Unknown => refused("unknown kid"),
                NoKey::NoneRead => Refusal::KeysUnavailable {
                    issuer: self.trust.issuer.clone(),
                },
            })?;
        // It looks at the signature first: what is told of the claims is told of a JWT that the issuer has made.
        match decode::<Claims>(token, &key, &self.validation(header.alg)) {
            Ok(TokenData { claims, .. }) => Ok(claims),
            Err(error) => Err(match error.kind() {
                ErrorKind::ExpiredSignature => expired(&self.trust.issuer, token),
                ErrorKind::InvalidSignature => refused("signature"),
                ErrorKind::ImmatureSignature => refused("not valid yet"),
                ErrorKind::InvalidAudience => refused("audience"),
                ErrorKind::MissingRequiredClaim(_) => refused("missing claim"),
                _ => refused("not in order"),
            }),
        }
    }

    fn validation(&self, algorithm: Algorithm) -> Validation {
        let mut validation = Validation::new(algorithm);
        validation.set_issuer(&[&self.trust.issuer]);
        validation.set_audience(&[&self.trust.audience]);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        validation.validate_nbf = true;
        validation.leeway = LEEWAY;
        validation
    }
}

impl Grant {
    fn fits(&self, claims: &Claims) -> bool {
        match claims.get(&self.claim) {
            Some(Value::String(value)) => *value == self.value,
            Some(Value::Array(values)) => values.iter().any(|v| v.as_str() == Some(&self.value)),
            _ => false,
        }
    }
}

/// The name of the caller, for logs and messages. A subject is one of its issuer alone (RFC 7519, section 4.1.2).
fn name(issuer: &str, claims: &Claims) -> Result<String, Refusal> {
    let subject = claims.get("sub").and_then(Value::as_str);
    let subject = subject
        .filter(|sub| (1..=MAX_NAME).contains(&sub.len()) && !sub.chars().any(char::is_control));
    let subject = subject.ok_or(refused("sub is no name"))?;
    Ok(format!("jwt:{issuer}#{subject}"))
}

/// When a JWT whose signature is good has expired.
fn expired(issuer: &str, token: &str) -> Refusal {
    let claims = dangerous::insecure_decode::<Claims>(token).map(|data| data.claims);
    let claims = claims.unwrap_or_default();
    let seconds = claims
        .get("exp")
        .and_then(Value::as_u64)
        .unwrap_or_default();
    let at = SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(seconds));
    match name(issuer, &claims) {
        Ok(name) => Refusal::Expired {
            name,
            at: at.unwrap_or(SystemTime::UNIX_EPOCH),
        },
        Err(refusal) => refusal,
    }
}

fn refused(why: &'static str) -> Refusal {
    Refusal::NotAccepted(why)
}
