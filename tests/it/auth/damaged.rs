//! Files that cannot be used: at the start the server does not start, later it goes on with what it knows.

use std::path::Path;

use datastored::pb::ErrorReason;
use rustix::process::Signal;
use tempfile::TempDir;

use super::{call, is_let_in, is_refused, new_token};
use crate::api::raw;
use crate::lab::eventually;
use crate::server::{Datastored, command};

/// Runs a server that must not start; what it says.
#[track_caller]
fn says(folder: &Path, options: &[&str]) -> String {
    let output = command(folder, options).output();
    let output = output.expect("the program can be run");
    let said = String::from_utf8(output.stderr).expect("it writes text");
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(!said.contains("panicked"), "{said}");
    said
}

#[test]
fn a_damaged_tokens_file_stops_the_start_with_2_and_is_named() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("tokens.json");
    for text in [
        "",
        "{",
        "[]",
        "{\"version\": 1}",
        "{\"version\": 1, \"tokens\": [{}]}",
    ] {
        std::fs::write(&file, text).unwrap();
        let said = says(folder.path(), &["--require-authentication"]);
        assert!(said.contains(file.to_str().unwrap()), "{said}");
        assert!(said.contains("put back a copy"), "{said}");
        let create = super::tokens(folder.path(), &["create", "x", "--access", "viewer"]);
        assert_eq!(create.status.code(), Some(1));
        assert_eq!(
            std::fs::read_to_string(&file).unwrap(),
            text,
            "it is left as it is"
        );
    }
}

#[test]
fn an_access_file_that_cannot_be_used_stops_the_start_with_2_and_is_named() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("access.toml");
    let options = ["--access-file", file.to_str().unwrap()];
    assert!(says(folder.path(), &options).contains("access.toml"));
    let jwt = |more: &str| {
        format!(
            "[[jwt]]\nissuer = \"i\"\naudience = \"a\"\n{more}\n[[jwt.access]]\nclaim = \"c\"\nvalue = \"v\"\naccess = \"admin\"\n"
        )
    };
    for (text, part) in [
        (
            "[[certificate]]\nname = \"x\"\naccess = \"admin\"".to_owned(),
            "exactly one",
        ),
        (
            jwt("algorithms = [\"HS256\"]\njwks_file = \"x\""),
            "`HS256` is not accepted",
        ),
        (
            jwt("algorithms = [\"none\"]\njwks_file = \"x\""),
            "`none` is not accepted",
        ),
        (
            jwt("algorithms = [\"ES256\"]\njwks_file = \"/nowhere/jwks\""),
            "/nowhere/jwks",
        ),
        (
            jwt("algorithms = [\"ES256\"]\njwks_url = \"http://example.com/\""),
            "https://",
        ),
    ] {
        std::fs::write(&file, text).unwrap();
        let said = says(folder.path(), &options);
        assert!(
            said.contains("access.toml") && said.contains(part),
            "{said}"
        );
    }
}

#[tokio::test]
async fn a_tokens_file_that_is_damaged_later_is_a_warning_and_the_tokens_of_before_stay() {
    let server = Datastored::start(&["--require-authentication"]);
    let file = server.folder().join("tokens.json");
    let token = new_token(server.folder(), "ci", "viewer");
    eventually("the token is known", || is_let_in(&server, &token)).await;
    let good = std::fs::read(&file).unwrap();
    std::fs::write(&file, &good[..good.len() / 2]).unwrap();
    server.signal(Signal::HUP);
    let warned = || async { server.log().contains("not reloaded") };
    eventually("it warns", warned).await;
    assert!(is_let_in(&server, &token).await);
    std::fs::remove_file(&file).unwrap();
    eventually("no file is no token", || async {
        !is_let_in(&server, &token).await
    })
    .await;
    let status = call(&server, &raw::path("ListDatastores"), None).await;
    is_refused(status, ErrorReason::CredentialMissing);
}
