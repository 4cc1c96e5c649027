//! Connection tests through gRPC on real S3 servers; here is what these tests share.

mod causes;
mod cleanup;
mod cost;
mod doubts;
mod generated_policy;
mod limits;
pub mod remedy;
mod shutdown;
mod source;
mod target;
mod verdicts;
pub mod versions;
pub mod watch;
mod writes;

use datastored::pb;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};

use crate::lab::proxy::Proxy;
use crate::lab::{Keys, Server, eventually, policies};
use crate::server::{Datastored, s3_config};
use watch::{verdicts, watch};

/// The configuration of a bucket of a test server.
pub fn config(s3: &Server, uri: &str, keys: &Keys) -> pb::S3Config {
    through(s3.endpoint(), uri, keys)
}

/// The configuration of a bucket at an endpoint.
pub fn through(endpoint: &str, uri: &str, keys: &Keys) -> pb::S3Config {
    s3_config(uri, endpoint, &keys.access_key_id, &keys.secret_access_key)
}

/// The report of a test of an unsaved datastore.
pub async fn report(
    server: &Datastored,
    s3: pb::S3Config,
    role: pb::Role,
) -> pb::ConnectionTestReport {
    watch(server, s3, role).await.ended().await
}

/// Puts an object with the rights of the administrator.
pub async fn put(s3: &Server, bucket: &str, key: &str, body: &[u8]) {
    let call = s3.s3().put_object().bucket(bucket).key(key);
    let sent = call.body(body.to_vec().into()).send().await;
    sent.expect("the administrator may put an object");
}

/// A new bucket, its configuration with the rights of an enrichment datastore, and a proxy on the way there.
pub async fn behind_a_proxy(s3: &Server) -> (Proxy, String, pb::S3Config) {
    let bucket = s3.bucket().await;
    let keys = s3.user(&policies::enrichment(&bucket)).await;
    let proxy = Proxy::start(s3.endpoint()).await;
    let config = through(proxy.endpoint(), &format!("s3://{bucket}"), &keys);
    (proxy, bucket, config)
}

/// Waits until the server has logged it.
pub async fn logged(server: &Datastored, words: &str) {
    eventually(words, || async { server.log().contains(words) }).await;
}

/// Asserts that a bucket holds these objects and no open upload.
pub async fn assert_holds(s3: &Server, bucket: &str, expected: &[&str]) {
    assert_eq!(s3.keys_in(bucket).await, expected, "objects of {bucket}");
    assert_eq!(s3.open_uploads(bucket).await, [], "uploads of {bucket}");
}

/// The code, the reason and the other details of an RPC error.
pub fn refusal(status: &Status) -> (Code, String, ErrorDetails) {
    let details = status.get_error_details();
    let reason = details.error_info().map(|i| i.reason.clone());
    (status.code(), reason.unwrap_or_default(), details)
}
