//! Who calls, and what they may call: tokens, JWTs, the table of RPCs, health and reflection; here is what these tests share.

mod damaged;
mod grpcurl;
mod issuer;
mod jwt;
mod labels;
mod options;
mod rpcs;
mod secrecy;
mod tokens;

use std::path::Path;
use std::process::{Command, Output, Stdio};

use datastored::pb::ErrorReason;
use http_body_util::Full;
use prost::bytes::Bytes;
use tonic::body::Body;
use tonic::{Code, Status};

use crate::api::{Refusal, raw, refused};
use crate::server::{Datastored, program};

/// Runs `datastored tokens` on a data folder.
pub fn tokens(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(program());
    command
        .arg("tokens")
        .args(arguments)
        .env("DATASTORED_DATA_DIR", folder)
        .env_remove("DATASTORED_TOKENS_FILE")
        .stdin(Stdio::null());
    command.output().expect("the program can be run")
}

/// As [`tokens`], of a command that must work; what it wrote to standard output.
#[track_caller]
pub fn tokens_done(folder: &Path, arguments: &[&str]) -> String {
    let Output {
        status,
        stdout,
        stderr,
    } = tokens(folder, arguments);
    let said = String::from_utf8_lossy(&stderr);
    assert!(status.success(), "{arguments:?}: {said}");
    String::from_utf8(stdout).expect("it writes text")
}

/// A new token.
#[track_caller]
pub fn new_token(folder: &Path, name: &str, access: &str) -> String {
    let token = tokens_done(folder, &["create", name, "--access", access]);
    token.trim_end().to_owned()
}

/// Calls an RPC with an empty message, and with this as `authorization`, if any.
pub async fn call(server: &Datastored, path: &str, authorization: Option<&str>) -> Status {
    let channel = server.channel().await;
    let mut request = raw::request(path);
    if let Some(value) = authorization {
        request = request.header("authorization", value);
    }
    let body = Full::new(Bytes::from(raw::frame(b"")));
    let request = request.body(Body::new(body));
    raw::answer(&channel, request.expect("the request is well formed")).await
}

/// Lists datastores with a token: what any caller may do.
pub async fn list(server: &Datastored, token: &str) -> Status {
    let authorization = format!("Bearer {token}");
    call(server, &raw::path("ListDatastores"), Some(&authorization)).await
}

/// Whether a token is let in to list.
pub async fn is_let_in(server: &Datastored, token: &str) -> bool {
    list(server, token).await.code() == Code::Ok
}

/// Asserts that a status refuses for this reason.
#[track_caller]
pub fn is_refused(status: Status, reason: ErrorReason) -> Refusal {
    assert_ne!(status.code(), Code::Ok, "it was let in");
    refused::<()>(Err(status), reason)
}
