//! An issuer of JWTs, with a key of its own, and the access file that trusts it.

use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair, RSA_PKCS1_SHA256, RsaKeyPair,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

pub const ISSUER: &str = "https://issuer.example.com";
pub const AUDIENCE: &str = "datastored";

/// A key pair of ES256 or RS256, with an id.
pub struct Key {
    pub id: String,
    pair: Pair,
}

enum Pair {
    Ec(EcdsaKeyPair),
    Rsa(RsaKeyPair),
}

impl Key {
    /// A key for ES256.
    pub fn ec(id: &str) -> Self {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING);
        Self {
            id: id.to_owned(),
            pair: Pair::Ec(pair.expect("a key can be made")),
        }
    }

    /// A key for RS256.
    pub fn rsa(id: &str) -> Self {
        let pair = RsaKeyPair::generate(KeySize::Rsa2048);
        Self {
            id: id.to_owned(),
            pair: Pair::Rsa(pair.expect("a key can be made")),
        }
    }

    /// The name of its algorithm.
    pub fn algorithm(&self) -> &'static str {
        match self.pair {
            Pair::Ec(_) => "ES256",
            Pair::Rsa(_) => "RS256",
        }
    }

    /// The public half, as a JSON Web Key.
    pub fn public(&self) -> Value {
        let (kid, base64) = (&self.id, |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes));
        match &self.pair {
            Pair::Ec(pair) => {
                // 4, then x, then y (SEC 1, section 2.3.3).
                let (x, y) = pair.public_key().as_ref()[1..].split_at(32);
                json!({"kty": "EC", "crv": "P-256", "kid": kid, "x": base64(x), "y": base64(y)})
            }
            Pair::Rsa(pair) => {
                let key = pair.public_key();
                let n = key.modulus().big_endian_without_leading_zero();
                let e = key.exponent().big_endian_without_leading_zero();
                json!({"kty": "RSA", "kid": kid, "use": "sig", "n": base64(n), "e": base64(e)})
            }
        }
    }

    /// The bytes of the public half, which are no secret.
    pub fn public_bytes(&self) -> &[u8] {
        match &self.pair {
            Pair::Ec(pair) => pair.public_key().as_ref(),
            Pair::Rsa(pair) => pair.public_key().as_ref(),
        }
    }

    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        match &self.pair {
            Pair::Ec(pair) => {
                let signature = pair.sign(&random, message);
                signature.expect("it signs").as_ref().to_vec()
            }
            Pair::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                let signed = pair.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature);
                signed.expect("it signs");
                signature
            }
        }
    }
}

/// A JSON Web Key Set.
pub fn jwks(keys: &[&Key]) -> String {
    let keys: Vec<Value> = keys.iter().map(|key| key.public()).collect();
    json!({ "keys": keys }).to_string()
}

/// The time so many seconds from now, as JWTs have it.
pub fn seconds_from_now(seconds: i64) -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let now = now.expect("the clock is right").as_secs();
    i64::try_from(now).expect("it fits") + seconds
}

/// Claims that are accepted, of alice, whose group gives her the access `viewer`.
pub fn claims() -> Value {
    json!({
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": "alice",
        "exp": seconds_from_now(600),
        "groups": ["staff", "readers"],
    })
}

/// A JWT, signed by whatever `sign` does.
pub fn jwt(header: &Value, claims: &Value, sign: impl FnOnce(&[u8]) -> Vec<u8>) -> String {
    let base64 = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let message = format!("{}.{}", base64(header), base64(claims));
    let signature = URL_SAFE_NO_PAD.encode(sign(message.as_bytes()));
    format!("{message}.{signature}")
}

/// A JWT with these claims, signed with this key, as any issuer would.
pub fn signed(key: &Key, claims: &Value) -> String {
    let header = json!({"alg": key.algorithm(), "typ": "JWT", "kid": key.id});
    jwt(&header, claims, |message| key.sign(message))
}

/// The access file that trusts the issuer, with the keys where `source` says (a line of TOML).
pub fn access_file(folder: &Path, algorithm: &str, source: &str) -> PathBuf {
    let file = folder.join("access.toml");
    let text = format!(
        r#"[[jwt]]
issuer = "{ISSUER}"
audience = "{AUDIENCE}"
algorithms = ["{algorithm}"]
{source}
[[jwt.access]]
claim = "groups"
value = "editors"
access = "editor"
[[jwt.access]]
claim = "groups"
value = "readers"
access = "viewer"
[[jwt.access]]
claim = "role"
value = "root"
access = "admin"
"#
    );
    std::fs::write(&file, text).expect("the folder can be written");
    file
}

/// An issuer whose keys are in a file.
pub struct Issuer {
    pub key: Key,
    access_file: PathBuf,
}

impl Issuer {
    /// An issuer with a key for ES256.
    pub fn new(folder: &Path) -> Self {
        Self::with(folder, Key::ec("k1"))
    }

    /// An issuer with this key.
    pub fn with(folder: &Path, key: Key) -> Self {
        let file = folder.join("jwks.json");
        std::fs::write(&file, jwks(&[&key])).expect("the folder can be written");
        let source = format!("jwks_file = \"{}\"", file.display());
        let access_file = access_file(folder, key.algorithm(), &source);
        Self { key, access_file }
    }

    /// The file to name to the server.
    pub fn access_file(&self) -> String {
        self.access_file.display().to_string()
    }

    /// A JWT that is accepted, but for what is changed about it.
    pub fn jwt(&self, change: impl FnOnce(&mut Value)) -> String {
        let mut claims = claims();
        change(&mut claims);
        signed(&self.key, &claims)
    }
}
