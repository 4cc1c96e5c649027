//! A person with grpcurl and no .proto file: everything can be found, called and understood.

use std::path::Path;
use std::process::Output;

use tokio::process::Command;

use super::start;
use crate::server::Datastored;

const SERVICE: &str = "datastore.v1.DatastoreService";

/// Runs grpcurl; returns what it wrote on both streams, and whether the call worked.
async fn grpcurl(options: &[&str], server: &Datastored, arguments: &[&str]) -> (String, bool) {
    let program = Path::new(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/target/venv/bin/grpcurl"
    ));
    assert!(program.exists(), "run `make test`, which installs grpcurl");
    let output = Command::new(program)
        .arg("-plaintext")
        .args(options)
        .arg(server.address())
        .args(arguments)
        .output()
        .await;
    let Output {
        status,
        stdout,
        stderr,
    } = output.expect("grpcurl can be run");
    let text = [stdout, stderr].concat();
    (
        String::from_utf8(text).expect("it is text"),
        status.success(),
    )
}

async fn call(server: &Datastored, method: &str, data: &str) -> (String, bool) {
    call_with(&[], server, method, data).await
}

/// Calls a method with more options.
pub async fn call_with(
    options: &[&str],
    server: &Datastored,
    method: &str,
    data: &str,
) -> (String, bool) {
    let options = [options, &["-d", data]].concat();
    grpcurl(&options, server, &[&format!("{SERVICE}/{method}")]).await
}

#[track_caller]
pub fn has(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "{part} is not in:\n{text}");
    }
}

#[tokio::test]
async fn services_methods_and_messages_can_be_listed_and_described() {
    let (server, _client) = start().await;
    let (text, ok) = grpcurl(&[], &server, &["list"]).await;
    assert!(ok, "{text}");
    has(&text, &[SERVICE, "grpc.health.v1.Health"]);
    let (text, _) = grpcurl(&[], &server, &["list", SERVICE]).await;
    has(&text, &["CreateDatastore", "TestConnection"]);
    let (text, ok) = grpcurl(&[], &server, &["describe", "datastore.v1.Datastore"]).await;
    assert!(ok, "{text}");
    has(
        &text,
        &[
            "display_name",
            "(.google.api.field_behavior)",
            "(.google.api.resource)",
            "datastored.dev/Datastore",
            "Required. The name people see",
        ],
    );
}

const ORDERS: &str = r#"{"datastore_id": "orders", "skip_connection_test": true, "datastore": {"display_name": "Orders", "role": "ROLE_SOURCE",
    "labels": {"env": "prod"}, "s3": {"uri": "S3A://logs/tests",
    "access_key": {"access_key_id": "AKIAIOSFODNN7EXAMPLE", "secret_access_key": "hunter2"}}}}"#;

#[tokio::test]
async fn a_datastore_can_be_created_read_changed_listed_and_deleted() {
    let (server, _client) = start().await;
    let (text, ok) = call(&server, "CreateDatastore", ORDERS).await;
    assert!(ok, "{text}");
    has(
        &text,
        &[
            "datastores/orders",
            "s3://logs/tests/",
            "AKIAIOSFODNN7EXAMPLE",
        ],
    );
    assert!(!text.contains("hunter2"), "{text}");
    let update = r#"{"datastore": {"name": "datastores/orders", "display_name": "Sales"}, "update_mask": {"paths": ["display_name"]}}"#;
    let (text, ok) = call(&server, "UpdateDatastore", update).await;
    assert!(ok, "{text}");
    let list = r#"{"filter": "role = SOURCE AND labels.env = prod"}"#;
    for (method, data) in [
        ("GetDatastore", r#"{"name": "datastores/orders"}"#),
        ("ListDatastores", list),
    ] {
        let (text, ok) = call(&server, method, data).await;
        assert!(ok, "{text}");
        has(&text, &["\"displayName\": \"Sales\""]);
    }
    let (text, ok) = call(
        &server,
        "DeleteDatastore",
        r#"{"name": "datastores/orders"}"#,
    )
    .await;
    assert!(ok, "{text}");
    let (text, ok) = call(&server, "GetDatastore", r#"{"name": "datastores/orders"}"#).await;
    assert!(!ok);
    has(
        &text,
        &[
            "Code: NotFound",
            "DATASTORE_NOT_FOUND",
            "google.rpc.ResourceInfo",
        ],
    );
}

#[tokio::test]
async fn an_error_is_shown_with_its_details_decoded() {
    let (server, _client) = start().await;
    let bad = r#"{"datastore": {"s3": {"uri": "s3://My_Bucket"}}}"#;
    let (text, ok) = call(&server, "CreateDatastore", bad).await;
    assert!(!ok);
    has(
        &text,
        &[
            "Code: InvalidArgument",
            "google.rpc.BadRequest",
            "datastore.display_name",
            "datastore.s3.uri",
            "\"reason\":\"INVALID_FIELDS\"",
            "datastored.dev",
        ],
    );
}
