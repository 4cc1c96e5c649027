//! A write that is sent again with its request id is done once, and answered as the first time (AIP-155).

use datastored::pb::{self, ErrorReason};
use rustix::process::Signal;
use tempfile::TempDir;
use tokio::task::JoinSet;

use super::{
    all, change, create, creation, get, new_request_id, refused, removal, s3_mut, sent, source,
    start,
};
use crate::server::Datastored;

const AT_ONCE: usize = 16;

/// A create that may be sent again.
fn creation_once(display_name: &str) -> pb::CreateDatastoreRequest {
    pb::CreateDatastoreRequest {
        request_id: new_request_id(),
        ..creation(source(display_name))
    }
}

#[tokio::test]
async fn a_second_create_with_the_same_request_id_returns_the_first_result() {
    let (_server, mut client) = start().await;
    let mut request = creation_once("Orders");
    let first = sent(client.create_datastore(request.clone()).await);
    let again = sent(client.create_datastore(request.clone()).await);
    assert_eq!(again, first);
    request.request_id = request.request_id.to_uppercase();
    let again = sent(client.create_datastore(request).await);
    assert_eq!(again, first, "a UUID is the same in capitals");
    assert_eq!(all(&mut client).await, [first]);
}

#[tokio::test]
async fn concurrent_creates_with_one_request_id_make_one_datastore_and_all_return_it() {
    let (server, mut client) = start().await;
    let request = creation_once("Orders");
    let mut creates = JoinSet::new();
    for _ in 0..AT_ONCE {
        let (mut client, request) = (server.client().await, request.clone());
        creates.spawn(async move { sent(client.create_datastore(request).await) });
    }
    let answers = creates.join_all().await;
    let stored = all(&mut client).await;
    assert_eq!(stored.len(), 1);
    assert!(answers.iter().all(|a| *a == stored[0]), "{answers:?}");
}

#[tokio::test]
async fn a_retried_create_answers_as_the_first_time_even_after_the_datastore_has_changed_or_gone() {
    let (_server, mut client) = start().await;
    let request = creation_once("Orders");
    let first = sent(client.create_datastore(request.clone()).await);
    let mut renamed = first.clone();
    "Sales".clone_into(&mut renamed.display_name);
    sent(
        client
            .update_datastore(change(renamed, &["display_name"]))
            .await,
    );
    let again = sent(client.create_datastore(request.clone()).await);
    assert_eq!(again, first);
    sent(client.delete_datastore(removal(&first.name)).await);
    assert_eq!(sent(client.create_datastore(request).await), first);
    assert_eq!(all(&mut client).await, []);
}

#[tokio::test]
async fn a_request_id_serves_one_request_only() {
    let (_server, mut client) = start().await;
    let request = creation_once("Orders");
    let created = sent(client.create_datastore(request.clone()).await);
    let id = request.request_id.clone();
    let mut other_name = request.clone();
    other_name.datastore = Some(source("Sales"));
    let mut other_secret = request.clone();
    let other = super::access_key("AKIAIOSFODNN7EXAMPLE", "other", "");
    s3_mut(other_secret.datastore.as_mut().expect("it has one")).credentials = Some(other);
    let mut other_id = request.clone();
    "orders".clone_into(&mut other_id.datastore_id);
    for other in [other_name, other_secret, other_id] {
        let answer = client.create_datastore(other).await;
        let refusal = refused(answer, ErrorReason::RequestIdReused);
        assert_eq!(refusal.metadata["request_id"], id);
    }
    let mut update = change(created.clone(), &["display_name"]);
    update.request_id.clone_from(&id);
    let answer = client.update_datastore(update).await;
    refused(answer, ErrorReason::RequestIdReused);
    let mut delete = removal(&created.name);
    delete.request_id.clone_from(&id);
    let answer = client.delete_datastore(delete).await;
    refused(answer, ErrorReason::RequestIdReused);
    assert_eq!(all(&mut client).await, [created]);
}

#[tokio::test]
async fn a_retried_update_is_applied_once_and_undoes_nothing_that_came_after() {
    let (_server, mut client) = start().await;
    let created = create(&mut client, source("First")).await;
    let mut wanted = created.clone();
    "Second".clone_into(&mut wanted.display_name);
    let mut request = change(wanted.clone(), &["display_name"]);
    request.request_id = new_request_id();
    let second = sent(client.update_datastore(request.clone()).await);
    let again = sent(client.update_datastore(request.clone()).await);
    assert_eq!(
        again, second,
        "its etag is stale by now, and does not count"
    );
    "Third".clone_into(&mut wanted.display_name);
    wanted.etag.clear();
    let third = sent(
        client
            .update_datastore(change(wanted, &["display_name"]))
            .await,
    );
    assert_eq!(sent(client.update_datastore(request.clone()).await), second);
    assert_eq!(get(&mut client, &created.name).await.unwrap(), third);

    request.update_mask = None;
    let answer = client.update_datastore(request).await;
    refused(answer, ErrorReason::RequestIdReused);
}

#[tokio::test]
async fn concurrent_updates_with_one_request_id_are_one_update() {
    let (server, mut client) = start().await;
    let mut wanted = create(&mut client, source("First")).await;
    "Second".clone_into(&mut wanted.display_name);
    let mut request = change(wanted.clone(), &["display_name"]);
    request.request_id = new_request_id();
    let mut updates = JoinSet::new();
    for _ in 0..AT_ONCE {
        let (mut client, request) = (server.client().await, request.clone());
        updates.spawn(async move { sent(client.update_datastore(request).await) });
    }
    let answers = updates.join_all().await;
    let stored = get(&mut client, &wanted.name).await.unwrap();
    assert!(answers.iter().all(|a| *a == stored), "{answers:?}");
}

#[tokio::test]
async fn a_retried_delete_succeeds_and_leaves_a_successor_alone() {
    let (server, mut client) = start().await;
    let mut request = creation(source("Orders"));
    "orders".clone_into(&mut request.datastore_id);
    let first = sent(client.create_datastore(request.clone()).await);
    let mut delete = removal(&first.name);
    delete.request_id = new_request_id();
    delete.etag.clone_from(&first.etag);
    let mut deletes = JoinSet::new();
    for _ in 0..AT_ONCE {
        let (mut client, delete) = (server.client().await, delete.clone());
        deletes.spawn(async move { sent(client.delete_datastore(delete).await) });
    }
    deletes.join_all().await;
    let answer = client.delete_datastore(removal(&first.name)).await;
    refused(answer, ErrorReason::DatastoreNotFound);
    let successor = sent(client.create_datastore(request).await);
    sent(client.delete_datastore(delete.clone()).await);
    assert_eq!(all(&mut client).await, [successor]);
    delete.etag.clear();
    let answer = client.delete_datastore(delete).await;
    refused(answer, ErrorReason::RequestIdReused);
}

#[tokio::test]
async fn a_refused_write_and_a_validated_one_leave_their_request_id_free() {
    let (_server, mut client) = start().await;
    let owner = create(&mut client, source("Orders")).await;
    let request = creation_once("Orders");
    let answer = client.create_datastore(request.clone()).await;
    refused(answer, ErrorReason::DisplayNameTaken);
    sent(client.delete_datastore(removal(&owner.name)).await);
    let validation = pb::CreateDatastoreRequest {
        validate_only: true,
        ..request.clone()
    };
    sent(client.create_datastore(validation).await);
    let created = sent(client.create_datastore(request).await);
    assert_eq!(all(&mut client).await, [created]);
}

#[tokio::test]
async fn a_request_id_is_remembered_when_the_server_has_been_restarted() {
    let folder = TempDir::new().unwrap();
    let server = Datastored::start_in(folder.path(), &[]);
    let request = creation_once("Orders");
    let first = sent(
        server
            .client()
            .await
            .create_datastore(request.clone())
            .await,
    );
    server.signal(Signal::TERM);
    assert!(server.ended().await.success());
    let server = Datastored::start_in(folder.path(), &[]);
    let mut client = server.client().await;
    assert_eq!(sent(client.create_datastore(request).await), first);
    assert_eq!(all(&mut client).await, [first]);
}
