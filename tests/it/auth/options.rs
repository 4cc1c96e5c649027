//! The options of who may call: health, reflection, and servers that ask nobody.

use std::os::unix::fs::PermissionsExt;

use datastored::pb::ErrorReason;
use tempfile::TempDir;
use tonic::{Code, Status};

use super::issuer::Issuer;
use super::{call, is_refused, list, new_token};
use crate::server::{Datastored, command};

const HEALTH: &str = "/grpc.health.v1.Health/Check";
const REFLECTION: [&str; 2] = [
    "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
    "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
];

/// A server that asks who calls, with these options; a call without a credential, and one as a viewer.
async fn both(options: &[&str], path: &str) -> (Status, Status) {
    let folder = TempDir::new().expect("a folder can be made");
    let viewer = format!("Bearer {}", new_token(folder.path(), "v", "viewer"));
    let options = [&["--require-authentication"], options].concat();
    let server = Datastored::start_in(folder.path(), &options);
    let without = call(&server, path, None).await;
    (without, call(&server, path, Some(&viewer)).await)
}

/// Whether there was somebody to answer, and they did: reflection finds no question in an empty message.
fn is_answered(status: &Status) -> bool {
    [Code::Ok, Code::InvalidArgument].contains(&status.code())
}

#[tokio::test]
async fn health_is_open_unless_it_is_for_those_who_are_known() {
    for options in [&[][..], &["--health", "open"]] {
        let (without, viewer) = both(options, HEALTH).await;
        assert!(is_answered(&without) && is_answered(&viewer));
    }
    let (without, viewer) = both(&["--health", "authenticated"], HEALTH).await;
    is_refused(without, ErrorReason::CredentialMissing);
    assert!(is_answered(&viewer));
}

#[tokio::test]
async fn reflection_is_for_those_who_are_known_unless_it_is_open_or_off() {
    for path in REFLECTION {
        for options in [&[][..], &["--reflection", "authenticated"]] {
            let (without, viewer) = both(options, path).await;
            is_refused(without, ErrorReason::CredentialMissing);
            assert!(is_answered(&viewer), "{path}: {viewer:?}");
        }
        let (without, _) = both(&["--reflection", "open"], path).await;
        assert!(is_answered(&without), "{path}: {without:?}");
        let (without, viewer) = both(&["--reflection", "off"], path).await;
        is_refused(without, ErrorReason::CredentialMissing);
        assert_eq!(viewer.code(), Code::Unimplemented, "{path}");
    }
}

#[tokio::test]
async fn all_is_open_on_a_server_that_asks_nobody_but_reflection_that_is_off() {
    let closing = ["--health", "authenticated", "--reflection", "authenticated"];
    let server = Datastored::start(&closing);
    for path in [HEALTH, REFLECTION[0], REFLECTION[1]] {
        assert!(is_answered(&call(&server, path, None).await), "{path}");
    }
    let server = Datastored::start(&["--reflection", "off"]);
    let status = call(&server, REFLECTION[0], None).await;
    assert_eq!(status.code(), Code::Unimplemented);
}

#[tokio::test]
async fn an_access_file_makes_the_server_ask_and_is_never_left_aside() {
    let folder = TempDir::new().unwrap();
    let file = Issuer::new(folder.path()).access_file();
    let named = ["--access-file", &file];
    let server = Datastored::start(&named);
    assert!(!server.log().contains("nobody can call"));
    let status = list(&server, "dsk_none").await;
    is_refused(status, ErrorReason::CredentialRefused);
    let refused = |options: &[&str]| {
        let folder = TempDir::new().unwrap();
        let output = command(folder.path(), options).output();
        let output = output.expect("the program can be run");
        assert_eq!(output.status.code(), Some(2));
        String::from_utf8(output.stderr).expect("it writes text")
    };
    let off = [&named[..], &["--require-authentication=false"]].concat();
    let said = refused(&off);
    assert!(said.contains("--access-file says who may call"), "{said}");

    let file = folder.path().join("rules.toml");
    let rule = "[[certificate]]\nname = \"x\"\ndns = \"x.example.com\"\naccess = \"admin\"";
    std::fs::write(&file, rule).unwrap();
    let named = ["--access-file", file.to_str().unwrap()];
    let said = refused(&named);
    assert!(said.contains("give --tls-client-ca"), "{said}");
    std::fs::write(&file, "").unwrap();
    std::fs::set_permissions(&file, PermissionsExt::from_mode(0o666)).unwrap();
    let said = refused(&named);
    assert!(said.contains("others may write it"), "{said}");
}

#[tokio::test]
async fn tokens_that_nobody_has_to_send_are_a_warning() {
    let folder = TempDir::new().unwrap();
    new_token(folder.path(), "ci", "viewer");
    let server = Datastored::start_in(folder.path(), &[]);
    assert!(
        server.log().contains("nobody has to send one"),
        "{}",
        server.log()
    );
    let server = Datastored::start(&[]);
    assert!(!server.log().contains("WARN"), "{}", server.log());
}
