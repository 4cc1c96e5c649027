//! The options of who may call: health, reflection, and servers that ask nobody.

use datastored::pb::ErrorReason;
use tempfile::TempDir;
use tonic::{Code, Status};

use super::{call, is_refused, list, new_token};
use crate::server::Datastored;

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
async fn an_access_file_makes_the_server_ask_and_an_option_makes_it_ask_nobody() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("access.toml");
    let rule = "[[certificate]]\nname = \"x\"\ndns = \"x.example.com\"\naccess = \"admin\"";
    std::fs::write(&file, rule).unwrap();
    let named = ["--access-file", file.to_str().unwrap()];
    let server = Datastored::start(&named);
    assert!(!server.log().contains("nobody can call"));
    let status = list(&server, "dsk_none").await;
    is_refused(status, ErrorReason::CredentialRefused);
    let off = [&named[..], &["--require-authentication=false"]].concat();
    let server = Datastored::start(&off);
    assert_eq!(list(&server, "dsk_none").await.code(), Code::Ok);
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
