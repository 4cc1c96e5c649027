//! Display names and ids are unique, whoever is faster, and free again once given up.

use datastored::pb::{self, ErrorReason};
use tokio::task::JoinSet;
use tonic::{Response, Status};

use super::{all, change, create, creation, refused, removal, sent, source, start};

const AT_ONCE: usize = 16;

type Answer = Result<Response<pb::Datastore>, Status>;

/// The answers that worked, and those that were refused for this reason.
fn split(answers: Vec<Answer>, reason: ErrorReason) -> (Vec<pb::Datastore>, usize) {
    let (won, lost): (Vec<_>, Vec<_>) = answers.into_iter().partition(Result::is_ok);
    let losers = lost.len();
    for answer in lost {
        refused(answer, reason);
    }
    (won.into_iter().map(sent).collect(), losers)
}

#[tokio::test]
async fn of_concurrent_creates_with_one_display_name_exactly_one_wins() {
    let (server, mut client) = start().await;
    let mut creates = JoinSet::new();
    for _ in 0..AT_ONCE {
        let mut client = server.client().await;
        creates.spawn(async move { client.create_datastore(creation(source("Orders"))).await });
    }
    let (won, lost) = split(creates.join_all().await, ErrorReason::DisplayNameTaken);
    assert_eq!(lost, AT_ONCE - 1);
    assert_eq!(all(&mut client).await, won);
}

#[tokio::test]
async fn of_concurrent_creates_with_one_id_exactly_one_wins() {
    let (server, mut client) = start().await;
    let mut creates = JoinSet::new();
    for number in 0..AT_ONCE {
        let mut client = server.client().await;
        let mut request = creation(source(&format!("Orders {number}")));
        "orders".clone_into(&mut request.datastore_id);
        creates.spawn(async move { client.create_datastore(request).await });
    }
    let (won, lost) = split(creates.join_all().await, ErrorReason::DatastoreIdTaken);
    assert_eq!(lost, AT_ONCE - 1);
    assert_eq!(all(&mut client).await, won);
    for number in 0..AT_ONCE {
        let name = format!("Orders {number}");
        if name != won[0].display_name {
            create(&mut client, source(&name)).await;
        }
    }
}

#[tokio::test]
async fn of_concurrent_renames_to_one_display_name_exactly_one_wins() {
    let (server, mut client) = start().await;
    let mut renames = JoinSet::new();
    for number in 0..AT_ONCE {
        let mut datastore = create(&mut client, source(&format!("Orders {number}"))).await;
        "Orders".clone_into(&mut datastore.display_name);
        datastore.etag.clear();
        let mut client = server.client().await;
        let request = change(datastore, &["display_name"]);
        renames.spawn(async move { client.update_datastore(request).await });
    }
    let (won, lost) = split(renames.join_all().await, ErrorReason::DisplayNameTaken);
    assert_eq!((won.len(), lost), (1, AT_ONCE - 1));
    let all = all(&mut client).await;
    let named = all.iter().filter(|d| d.display_name == "Orders").count();
    assert_eq!(named, 1);
}

#[tokio::test]
async fn a_taken_display_name_is_refused_and_its_owner_named() {
    let (_server, mut client) = start().await;
    let owner = create(&mut client, source("Orders")).await;
    let mut other = create(&mut client, source("Sales")).await;
    let create_again = client.create_datastore(creation(source("Orders"))).await;
    "Orders".clone_into(&mut other.display_name);
    let rename = client
        .update_datastore(change(other, &["display_name"]))
        .await;
    for answer in [create_again, rename] {
        let refusal = refused(answer, ErrorReason::DisplayNameTaken);
        assert_eq!(refusal.metadata["display_name"], "Orders");
        assert_eq!(refusal.metadata["name"], owner.name);
        let resource = refusal.details.resource_info().expect("ResourceInfo");
        assert_eq!(resource.resource_name, owner.name);
    }
}

#[tokio::test]
async fn a_datastore_may_be_renamed_to_the_name_it_has() {
    let (_server, mut client) = start().await;
    let created = create(&mut client, source("Orders")).await;
    let renamed = sent(
        client
            .update_datastore(change(created, &["display_name"]))
            .await,
    );
    assert_eq!(renamed.display_name, "Orders");
}

#[tokio::test]
async fn a_display_name_is_free_again_after_a_rename_and_after_a_delete() {
    let (_server, mut client) = start().await;
    let mut first = create(&mut client, source("Orders")).await;
    "Sales".clone_into(&mut first.display_name);
    sent(
        client
            .update_datastore(change(first, &["display_name"]))
            .await,
    );
    let second = create(&mut client, source("Orders")).await;
    sent(client.delete_datastore(removal(&second.name)).await);
    create(&mut client, source("Orders")).await;
    let answer = client.create_datastore(creation(source("Sales"))).await;
    refused(answer, ErrorReason::DisplayNameTaken);
}

#[tokio::test]
async fn names_that_differ_by_case_or_continue_each_other_are_different_names() {
    let (_server, mut client) = start().await;
    for name in [
        "foo",
        "Foo",
        "foobar",
        "foo/",
        "foo/bar",
        "fo",
        "データ",
        "é",
        "e\u{301}",
    ] {
        create(&mut client, source(name)).await;
    }
    assert_eq!(all(&mut client).await.len(), 9);
}

#[tokio::test]
async fn a_taken_datastore_id_is_refused_whatever_the_display_name() {
    let (_server, mut client) = start().await;
    let mut request = creation(source("Orders"));
    "orders".clone_into(&mut request.datastore_id);
    sent(client.create_datastore(request.clone()).await);
    for name in ["Orders", "Sales"] {
        request.datastore = Some(source(name));
        let answer = client.create_datastore(request.clone()).await;
        let refusal = refused(answer, ErrorReason::DatastoreIdTaken);
        assert_eq!(refusal.metadata["name"], "datastores/orders");
    }
}
