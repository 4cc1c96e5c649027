//! Who may call, as targets of fuzzing: JWTs, and the files of tokens and of rules.

use std::fs;
use std::sync::OnceLock;

use jsonwebtoken::Algorithm;
use tokio::runtime::{Builder, Runtime};

use super::jwks::Source;
use super::jwt::{self, Grant, Issuer, Trust};
use super::{access_file, tokens_file};
use crate::fuzz::text;
use crate::model::caller::Access;
use crate::model::name::Labels;

/// The longest message about a tokens file, in bytes: five mistakes of labels.
const MAX_PROBLEM: usize = 1_600;
/// The public key of RFC 7515, appendix A.3.
const KEYS: &str = r#"{"keys": [{"kty": "EC", "crv": "P-256", "kid": "k", "use": "sig",
    "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU", "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}]}"#;

/// Nobody becomes a caller without the issuer's private key.
pub(crate) fn jwt(bytes: &[u8]) {
    static ISSUER: OnceLock<(Runtime, [Issuer; 1])> = OnceLock::new();
    let token = text(bytes);
    let (runtime, issuers) = ISSUER.get_or_init(issuer);
    let caller = runtime.block_on(jwt::caller(issuers, token.trim()));
    assert!(caller.is_err(), "{token}: {caller:?}");
}

fn issuer() -> (Runtime, [Issuer; 1]) {
    let file = tempfile::NamedTempFile::new().expect("a file can be made");
    fs::write(file.path(), KEYS).expect("it can be written");
    let rule = Grant {
        claim: "sub".to_owned(),
        value: "alice".to_owned(),
        access: Access::Viewer,
        labels: Labels::default(),
    };
    let trust = Trust {
        issuer: "https://issuer.example.com".to_owned(),
        audience: "datastored".to_owned(),
        algorithms: vec![Algorithm::ES256],
        source: Source::File(file.path().to_owned()),
        rules: vec![rule],
    };
    let mut runtime = Builder::new_multi_thread();
    let runtime = runtime.worker_threads(1).enable_all().build();
    let runtime = runtime.expect("a runtime starts");
    let issuer = runtime.block_on(Issuer::start(trust));
    (runtime, [issuer.expect("these are keys")])
}

/// What is read of a tokens file is written so that it reads back as the same; a mistake is told shortly, and no hash with it.
pub(crate) fn tokens_file(bytes: &[u8]) {
    let written = text(bytes);
    match tokens_file::parse(&written) {
        Ok(records) => {
            let again = tokens_file::text(&records).expect("what was read can be written");
            let again = String::from_utf8(again).expect("JSON is UTF-8");
            let read = tokens_file::parse(&again).expect("what was written can be read");
            assert_eq!(tokens_file::text(&read).ok(), Some(again.into_bytes()));
        }
        Err(problem) => assert!(problem.len() <= MAX_PROBLEM, "{problem}"),
    }
}

/// A file of rules is read or refused. The words of the TOML parser repeat the line that is wrong, which is the operator's own.
pub(crate) fn access_file(bytes: &[u8]) {
    if let Ok(rules) = access_file::parse(&text(bytes)) {
        assert!(rules.issuers.iter().all(|trust| !trust.rules.is_empty()));
        assert!(rules.certificates.iter().all(|rule| !rule.name.is_empty()));
    }
}
