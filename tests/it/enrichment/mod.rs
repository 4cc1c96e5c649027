//! Creating and changing datastores whose connections are tested, what is kept of tests, and claims, on real S3 servers.

mod admission;
mod claims;
mod history;

use datastored::pb;

use crate::api::Client;
use crate::connection::{config, put};
use crate::lab::{Keys, Server, policies};
use crate::server::datastore;

/// A source at a prefix with an object in it, and a user who may read it.
pub async fn source(s3: &Server, name: &str) -> pb::Datastore {
    let bucket = s3.bucket().await;
    put(s3, &bucket, "orders/2026.csv", b"id,total\n").await;
    let keys = s3.user(&policies::source(&bucket)).await;
    let uri = format!("s3://{bucket}/orders");
    datastore(name, pb::Role::Source, config(s3, &uri, &keys))
}

/// An enrichment datastore at a prefix, and its bucket.
pub async fn enrichment(s3: &Server, name: &str) -> (pb::Datastore, String) {
    let bucket = s3.bucket().await;
    let keys = s3.user(&policies::enrichment(&bucket)).await;
    (enrichment_at(s3, name, &bucket, &keys), bucket)
}

/// An enrichment datastore at a prefix of a bucket.
fn enrichment_at(s3: &Server, name: &str, bucket: &str, keys: &Keys) -> pb::Datastore {
    let uri = format!("s3://{bucket}/anomalies");
    datastore(name, pb::Role::Enrichment, config(s3, &uri, keys))
}

/// A create that tests the connection.
pub fn tested(datastore: pb::Datastore) -> pb::CreateDatastoreRequest {
    pb::CreateDatastoreRequest {
        datastore: Some(datastore),
        ..pb::CreateDatastoreRequest::default()
    }
}

/// A test that is kept.
async fn kept(client: &mut Client, name: &str) -> pb::ConnectionTest {
    let name = name.to_owned();
    let request = pb::GetConnectionTestRequest { name };
    crate::api::sent(client.get_connection_test(request).await)
}

/// The names of the tests that are kept of a datastore, the newest first.
async fn history(client: &mut Client, parent: &str) -> Vec<String> {
    let request = pb::ListConnectionTestsRequest {
        parent: parent.to_owned(),
        page_size: 100,
        ..pb::ListConnectionTestsRequest::default()
    };
    let page = crate::api::sent(client.list_connection_tests(request).await);
    page.connection_tests.into_iter().map(|t| t.name).collect()
}
