//! No token is in the log, at whatever level, nor in an error.

use datastored::pb::ErrorReason;
use rustix::process::Signal;
use tempfile::TempDir;

use super::issuer::Issuer;
use super::{is_let_in, is_refused, list, new_token};
use crate::server::{Datastored, command};

#[tokio::test]
async fn no_token_and_no_jwt_is_in_the_log_at_trace_level_nor_in_an_error() {
    let folder = TempDir::new().unwrap();
    let issuer = Issuer::new(folder.path());
    let own = new_token(folder.path(), "ci", "viewer");
    let jwt = issuer.jwt(|_| {});
    let expired = issuer.jwt(|claims| claims["exp"] = 1_000_000_000.into());
    let wrong = format!("{}x", new_token(folder.path(), "other", "viewer"));
    let access_file = issuer.access_file();
    let mut command = command(folder.path(), &["--access-file", &access_file]);
    command.env("RUST_LOG", "trace");
    let server = Datastored::start_command(command, folder.path());
    for token in [&own, &jwt] {
        assert!(is_let_in(&server, token).await);
    }
    let mut said = Vec::new();
    for (token, reason) in [
        (&expired, ErrorReason::CredentialExpired),
        (&wrong, ErrorReason::CredentialRefused),
    ] {
        said.push(format!(
            "{:?}",
            is_refused(list(&server, token).await, reason)
        ));
    }
    server.signal(Signal::TERM);
    let (_, log) = server.ended_with_log().await;
    assert!(
        log.contains("a credential was refused"),
        "it is at debug level"
    );
    said.push(log);
    for token in [&own, &jwt, &expired, &wrong] {
        // The head of a JWT is the same for all; what is secret is the rest.
        let secret = &token[token.len() - 40..];
        for text in &said {
            assert!(!text.contains(secret), "{text}");
        }
    }
}
