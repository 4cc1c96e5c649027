//! Creating a source together with its enrichment datastore: all of it, or nothing.

use datastored::pb::create_datastore_request::Enrichment;
use datastored::pb::{self, ErrorReason, Role};

use super::links::{at, sources_of};
use super::{all, create, creation, get, new_request_id, refused, refused_fields, sent, start};

pub fn with(source: pb::Datastore, enrichment: Enrichment) -> pb::CreateDatastoreRequest {
    pb::CreateDatastoreRequest {
        enrichment: Some(enrichment),
        ..creation(source)
    }
}

pub fn new(datastore: pb::Datastore, id: &str) -> Enrichment {
    Enrichment::NewEnrichment(pb::NewEnrichment {
        datastore: Some(datastore),
        datastore_id: id.to_owned(),
        ..pb::NewEnrichment::default()
    })
}

#[tokio::test]
async fn a_source_and_a_new_enrichment_datastore_are_created_and_linked_in_one_call() {
    let (_server, mut client) = start().await;
    let mut enrichment = at("s3://quality/a", Role::Enrichment);
    enrichment.role = 0;
    let request = pb::CreateDatastoreRequest {
        datastore_id: "orders".to_owned(),
        request_id: new_request_id(),
        ..with(
            at("s3://data/orders", Role::Source),
            new(enrichment, "anomalies"),
        )
    };
    let source = sent(client.create_datastore(request.clone()).await);
    assert_eq!(source.enrichment_datastore, "datastores/anomalies");
    let enrichment = get(&mut client, "datastores/anomalies").await.unwrap();
    assert_eq!(enrichment.role(), Role::Enrichment);
    assert_eq!(enrichment.etag, source.etag, "one commit has one revision");
    assert_eq!(
        sources_of(&mut client, &enrichment.name).await,
        ["datastores/orders"]
    );
    // A retry makes nothing new.
    assert_eq!(sent(client.create_datastore(request).await), source);
    assert_eq!(all(&mut client).await.len(), 2);
}

#[tokio::test]
async fn a_source_is_created_with_a_link_to_an_existing_enrichment_datastore() {
    let (_server, mut client) = start().await;
    let enrichment = create(&mut client, at("s3://quality/a", Role::Enrichment))
        .await
        .name;
    let existing = Enrichment::EnrichmentDatastore(enrichment.clone());
    let request = with(at("s3://data/orders", Role::Source), existing);
    let source = sent(client.create_datastore(request).await);
    assert_eq!(source.enrichment_datastore, enrichment);
    assert_eq!(sources_of(&mut client, &enrichment).await, [source.name]);
}

#[tokio::test]
async fn nothing_of_a_pair_remains_when_its_second_half_is_refused() {
    let (_server, mut client) = start().await;
    let mut owner = at("s3://quality/taken", Role::Enrichment);
    owner.display_name = "Taken".to_owned();
    let owner = pb::CreateDatastoreRequest {
        datastore_id: "taken".to_owned(),
        ..creation(owner)
    };
    sent(client.create_datastore(owner).await);
    let holds = Enrichment::EnrichmentDatastore("datastores/taken".to_owned());
    let holds = with(at("s3://data/holds", Role::Source), holds);
    sent(client.create_datastore(holds).await);
    let before = all(&mut client).await;
    let source = || at("s3://data/orders", Role::Source);
    let mut taken = at("s3://quality/b", Role::Enrichment);
    taken.display_name = "Taken".to_owned();
    let nested = at("s3://data/orders/quality", Role::Enrichment);
    let held = at("s3://quality/taken/deeper", Role::Enrichment);
    let fine = at("s3://quality/c", Role::Enrichment);
    let named = |name: &str| Enrichment::EnrichmentDatastore(name.to_owned());
    for (enrichment, reason) in [
        (new(taken, ""), ErrorReason::DisplayNameTaken),
        (new(fine, "taken"), ErrorReason::DatastoreIdTaken),
        (new(nested, ""), ErrorReason::LocationsOverlap),
        (new(held, ""), ErrorReason::PrefixShared),
        (named("datastores/gone"), ErrorReason::DatastoreNotFound),
    ] {
        for validate_only in [true, false] {
            let request = pb::CreateDatastoreRequest {
                validate_only,
                ..with(source(), enrichment.clone())
            };
            refused(client.create_datastore(request).await, reason);
        }
        assert_eq!(all(&mut client).await, before);
    }
    let from_enrichment = with(
        at("s3://other/x", Role::Enrichment),
        named("datastores/taken"),
    );
    refused(
        client.create_datastore(from_enrichment).await,
        ErrorReason::NotASource,
    );
    let shared = pb::CreateDatastoreRequest {
        share_prefix: true,
        ..with(
            source(),
            new(at("s3://quality/taken/deeper", Role::Enrichment), ""),
        )
    };
    sent(client.create_datastore(shared).await);
}

#[tokio::test]
async fn every_bad_field_of_both_datastores_is_named_at_once() {
    let (_server, mut client) = start().await;
    let mut source = at("s3://My_Bucket", Role::Source);
    source.display_name.clear();
    let mut enrichment = at("gs://quality", Role::Source);
    enrichment.display_name = " ".to_owned();
    let request = pb::CreateDatastoreRequest {
        connection_test: "connectionTests/nonsense".to_owned(),
        ..with(source, new(enrichment, "-"))
    };
    let answer = client.create_datastore(request).await;
    refused_fields(
        answer,
        &[
            "datastore.display_name",
            "datastore.s3.uri",
            "connection_test",
            "new_enrichment.datastore_id",
            "new_enrichment.datastore.display_name",
            "new_enrichment.datastore.role",
            "new_enrichment.datastore.s3.uri",
        ],
    );
    let twin = at("s3://data/orders", Role::Source);
    let mut other = at("s3://quality/a", Role::Enrichment);
    other.display_name.clone_from(&twin.display_name);
    let request = pb::CreateDatastoreRequest {
        datastore_id: "twin".to_owned(),
        ..with(twin, new(other, "twin"))
    };
    let answer = client.create_datastore(request).await;
    refused_fields(
        answer,
        &[
            "new_enrichment.datastore_id",
            "new_enrichment.datastore.display_name",
        ],
    );
    assert_eq!(all(&mut client).await, []);
}
