//! The public keys of an issuer of JWTs, and where they come from (RFC 7517).

use std::path::PathBuf;
use std::str::FromStr as _;
use std::time::Duration;

use jsonwebtoken::jwk::{Jwk, PublicKeyUse};
use jsonwebtoken::{Algorithm, AlgorithmFamily, DecodingKey};
use serde::Deserialize;
use url::{Host, Url};

use super::file;
use crate::s3::{self, Guard};

/// How long fetching the keys may take, all in all.
const PATIENCE: Duration = Duration::from_secs(5);

/// Where the keys of an issuer are.
#[derive(Clone, Debug)]
pub(super) enum Source {
    /// In a file.
    File(PathBuf),
    /// Behind a URL, which is fetched through the endpoint guard: no redirects, and never from a metadata address. Private addresses are let
    /// through: the operator has written the URL.
    Url(Url),
}

/// The keys of an issuer that can be used.
#[derive(Debug)]
pub(super) struct KeySet(Vec<Key>);

/// A key, to check signatures with.
#[derive(Debug)]
struct Key {
    id: String,
    /// What it is for, if it says so.
    algorithm: Option<Algorithm>,
    decoding: DecodingKey,
}

#[derive(Deserialize)]
struct Written {
    keys: Vec<serde_json::Value>,
}

impl Source {
    /// A URL with https, or with http to this machine.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(super) fn url(text: &str) -> Result<Self, String> {
        let url = Url::parse(text).map_err(|e| format!("jwks_url is no URL: {e}"))?;
        let is_loopback = match url.host() {
            Some(Host::Domain(name)) => name.eq_ignore_ascii_case("localhost"),
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            None => false,
        };
        if !url.username().is_empty() || url.password().is_some() {
            return Err("jwks_url has a user or a password in it; write it without".to_owned());
        }
        match url.scheme() {
            "https" => Ok(Self::Url(url)),
            "http" if is_loopback => Ok(Self::Url(url)),
            _ => Err(
                "jwks_url must begin with https:// (http:// is for this machine alone)".to_owned(),
            ),
        }
    }

    /// Reads or fetches the keys.
    ///
    /// # Errors
    /// Why there are none.
    pub(super) async fn read(&self) -> Result<KeySet, String> {
        match self {
            Self::File(path) => {
                let of = path.display().to_string();
                let path = path.clone();
                let read = tokio::task::spawn_blocking(move || file::read(&path)).await;
                let text = read.map_err(|e| e.to_string())?;
                let text = text.map_err(|e| format!("{of} cannot be read: {e}"))?;
                KeySet::parse(text.as_bytes()).map_err(|problem| format!("{of}: {problem}"))
            }
            Self::Url(url) => {
                let fetched = s3::fetch(url, Guard::new(true), PATIENCE).await;
                let bytes = fetched.map_err(|e| format!("{url} cannot be fetched: {e}"))?;
                KeySet::parse(&bytes).map_err(|problem| format!("{url}: {problem}"))
            }
        }
    }
}

impl KeySet {
    /// The keys of a set that have an id and can check signatures. The others are left out, as RFC 7517, section 5, asks for.
    fn parse(bytes: &[u8]) -> Result<Self, String> {
        let written: Result<Written, _> = serde_json::from_slice(bytes);
        let written = written.map_err(|_| "it is no JSON Web Key Set".to_owned())?;
        let keys: Vec<Key> = written.keys.into_iter().filter_map(Key::read).collect();
        if keys.is_empty() {
            return Err(
                "it has no public key with a `kid` that signatures can be checked with".to_owned(),
            );
        }
        Ok(Self(keys))
    }

    /// The key of this id that signatures of the algorithm can be checked with.
    pub(super) fn find(&self, id: &str, algorithm: Algorithm) -> Option<&DecodingKey> {
        let key = self
            .0
            .iter()
            .find(|key| key.id == id && key.is_for(algorithm))?;
        Some(&key.decoding)
    }
}

impl Key {
    fn read(written: serde_json::Value) -> Option<Self> {
        let jwk: Jwk = serde_json::from_value(written).ok()?;
        let is_for_signatures = !matches!(
            jwk.common.public_key_use,
            Some(PublicKeyUse::Encryption | PublicKeyUse::Other(_))
        );
        let decoding = DecodingKey::from_jwk(&jwk).ok()?;
        // A key that can sign what it checks belongs in no public set.
        let is_public = decoding.family() != AlgorithmFamily::Hmac;
        let algorithm = match jwk.common.key_algorithm {
            Some(named) => Some(Algorithm::from_str(&named.to_string()).ok()?),
            None => None,
        };
        (is_for_signatures && is_public).then_some(Self {
            id: jwk.common.key_id?,
            algorithm,
            decoding,
        })
    }

    fn is_for(&self, algorithm: Algorithm) -> bool {
        self.algorithm.is_none_or(|of| of == algorithm)
            && self.decoding.family() == algorithm.family()
    }
}

#[cfg(test)]
mod tests {
    use super::KeySet;
    use jsonwebtoken::Algorithm;

    /// Of RFC 7517, appendix A.1.
    const EC: &str = r#""kty": "EC", "crv": "P-256", "x": "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4",
        "y": "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM""#;

    fn set(keys: &[String]) -> Result<KeySet, String> {
        KeySet::parse(format!(r#"{{"keys": [{}]}}"#, keys.join(",")).as_bytes())
    }

    fn ec(more: &str) -> String {
        format!("{{{EC}, {more}}}")
    }

    #[test]
    fn a_key_is_found_by_its_id_for_the_algorithm_that_it_is_for() {
        let keys = set(&[
            ec(r#""kid": "a""#),
            ec(r#""kid": "b", "alg": "ES256", "use": "sig""#),
        ]);
        let keys = keys.unwrap();
        for id in ["a", "b"] {
            assert!(keys.find(id, Algorithm::ES256).is_some(), "{id}");
            assert!(keys.find(id, Algorithm::RS256).is_none(), "{id}");
            assert!(keys.find(id, Algorithm::HS256).is_none(), "{id}");
        }
        assert!(keys.find("b", Algorithm::ES384).is_none());
        assert!(keys.find("c", Algorithm::ES256).is_none());
    }

    #[test]
    fn keys_that_can_check_no_signature_are_left_out() {
        for unusable in [
            ec(r#""use": "sig""#),
            ec(r#""kid": "a", "use": "enc""#),
            ec(r#""kid": "a", "alg": "ECDH-ES""#),
            r#"{"kty": "oct", "kid": "a", "k": "AAAA"}"#.to_owned(),
            r#"{"kty": "new", "kid": "a"}"#.to_owned(),
            "1".to_owned(),
        ] {
            let keys = set(&[unusable.clone(), ec(r#""kid": "good""#)]).unwrap();
            assert!(keys.find("a", Algorithm::ES256).is_none(), "{unusable}");
            assert!(keys.find("good", Algorithm::ES256).is_some(), "{unusable}");
            assert!(set(&[unusable]).is_err());
        }
        assert!(KeySet::parse(b"<html>").is_err());
    }
}
