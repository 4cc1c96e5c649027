//! A person with grpcurl and a token.

use tempfile::TempDir;

use super::new_token;
use crate::api::grpcurl::{call_with, has};
use crate::server::Datastored;

#[tokio::test]
async fn grpcurl_calls_with_a_token_in_a_header_and_is_told_what_is_missing_without() {
    let folder = TempDir::new().unwrap();
    let token = new_token(folder.path(), "me", "viewer");
    let server = Datastored::start_in(folder.path(), &["--require-authentication"]);
    let header = format!("authorization: Bearer {token}");
    let with = ["-H", header.as_str()];
    let (text, is_done) = call_with(&with, &server, "ListDatastores", "{}").await;
    assert!(is_done, "{text}");
    let (text, is_done) = call_with(&with, &server, "DeleteDatastore", "{}").await;
    assert!(!is_done);
    has(
        &text,
        &["Code: PermissionDenied", "ACCESS_TOO_LOW", "`editor`"],
    );

    let reflected = ["-reflect-header", header.as_str()];
    let (text, is_done) = call_with(&reflected, &server, "ListDatastores", "{}").await;
    assert!(!is_done);
    has(
        &text,
        &[
            "Code: Unauthenticated",
            "CREDENTIAL_MISSING",
            "authorization: Bearer TOKEN",
        ],
    );
}
