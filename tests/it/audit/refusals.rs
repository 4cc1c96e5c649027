//! What was refused has an event with the reason; what was never meant, or changed nothing, has none.

use datastored::pb::test_connection_request::Target;
use datastored::pb::{self, ErrorReason};

use super::{assert_logged, creation_of, events, line, source, told};
use crate::api::{change, creation, new_request_id, refused, refused_fields, removal, sent, start};
use crate::connection::{config, watch};
use crate::lab::{self, policies};
use crate::server::datastore;

#[tokio::test]
async fn each_refusal_has_one_event_with_its_reason() {
    let (server, mut client) = start().await;
    let (orders, gone) = ("datastores/orders", "datastores/gone".to_owned());
    sent(
        client
            .create_datastore(creation_of("orders", source("Orders")))
            .await,
    );
    let answer = client.create_datastore(creation(source("Orders"))).await;
    refused(answer, ErrorReason::DisplayNameTaken);
    let answer = client
        .create_datastore(creation_of("orders", source("Other")))
        .await;
    refused(answer, ErrorReason::DatastoreIdTaken);
    let mut stale = source("Renamed");
    stale.name = orders.to_owned();
    stale.etag = "ff".to_owned();
    let answer = client
        .update_datastore(change(stale, &["display_name"]))
        .await;
    refused(answer, ErrorReason::EtagMismatch);
    let answer = client.delete_datastore(removal(&gone)).await;
    refused(answer, ErrorReason::DatastoreNotFound);
    let link = pb::LinkEnrichmentRequest {
        name: orders.to_owned(),
        enrichment_datastore: orders.to_owned(),
        ..pb::LinkEnrichmentRequest::default()
    };
    refused(
        client.link_enrichment(link).await,
        ErrorReason::LinkToItself,
    );
    let unlink = pb::UnlinkEnrichmentRequest {
        name: orders.to_owned(),
        ..pb::UnlinkEnrichmentRequest::default()
    };
    let answer = client.unlink_enrichment(unlink).await;
    refused(answer, ErrorReason::EnrichmentNotLinked);
    let claim = pb::ClaimPrefixRequest {
        name: orders.to_owned(),
    };
    let answer = client.claim_prefix(claim).await;
    refused(answer, ErrorReason::NotAnEnrichmentDatastore);
    let release = pb::ReleasePrefixRequest { name: gone.clone() };
    let answer = client.release_prefix(release).await;
    refused(answer, ErrorReason::DatastoreNotFound);
    let test = watch::start(&server, Target::Name(gone), pb::Role::Unspecified).await;
    refused(test.map(|_| ()), ErrorReason::DatastoreNotFound);

    let expected = [
        line("CreateDatastore", orders, "OK"),
        line("CreateDatastore", "s3://logs/tests/", "DISPLAY_NAME_TAKEN"),
        line("CreateDatastore", orders, "DATASTORE_ID_TAKEN"),
        line("UpdateDatastore", orders, "ETAG_MISMATCH"),
        line("DeleteDatastore", "datastores/gone", "DATASTORE_NOT_FOUND"),
        line("LinkEnrichment", orders, "LINK_TO_ITSELF"),
        line("UnlinkEnrichment", orders, "ENRICHMENT_NOT_LINKED"),
        line("ClaimPrefix", orders, "NOT_AN_ENRICHMENT_DATASTORE"),
        line("ReleasePrefix", "datastores/gone", "DATASTORE_NOT_FOUND"),
        line("TestConnection", "datastores/gone", "DATASTORE_NOT_FOUND"),
    ];
    assert_eq!(told(&mut client).await, expected);
    for event in events(&mut client).await {
        assert_logged(&server, &event).await;
    }
}

/// The credentials are refused while the request is being read, when all of it is known to be valid.
#[tokio::test]
async fn credentials_that_are_not_lent_are_an_event() {
    let (_server, mut client) = start().await;
    let mut orders = source("Orders");
    match &mut orders.config {
        Some(pb::datastore::Config::S3(s3)) => {
            s3.credentials = Some(pb::s3_config::Credentials::Ambient(pb::Ambient {}));
        }
        None => panic!("no s3"),
    }
    let answer = client.create_datastore(creation_of("orders", orders)).await;
    refused(answer, ErrorReason::AmbientCredentialsNotAllowed);
    let expected = [line(
        "CreateDatastore",
        "datastores/orders",
        "AMBIENT_CREDENTIALS_NOT_ALLOWED",
    )];
    assert_eq!(told(&mut client).await, expected);
}

#[tokio::test]
async fn a_create_that_fails_its_test_is_an_event_that_names_the_test() {
    let s3 = lab::moto().await;
    let (server, mut client) = start().await;
    let bucket = s3.bucket().await;
    let keys = s3.user(&policies::nothing()).await;
    let config = config(&s3, &format!("s3://{bucket}"), &keys);
    let request = pb::CreateDatastoreRequest {
        datastore: Some(datastore("Orders", pb::Role::Source, config)),
        ..pb::CreateDatastoreRequest::default()
    };
    let answer = client.create_datastore(request).await;
    let refusal = refused(answer, ErrorReason::ConnectionTestFailed);
    let events = events(&mut client).await;
    assert_eq!(
        events.len(),
        1,
        "the test is a part of the create: {events:?}"
    );
    assert_eq!(events[0].outcome, "CONNECTION_TEST_FAILED");
    assert_eq!(events[0].resource, format!("s3://{bucket}"));
    assert_eq!(
        events[0].connection_tests,
        [refusal.metadata["connection_test"].clone()]
    );
    assert_logged(&server, &events[0]).await;
    assert!(!server.log().contains(&keys.secret_access_key));
}

#[tokio::test]
async fn bad_fields_validations_and_answers_from_a_request_id_have_no_event() {
    let (server, mut client) = start().await;
    let request_id = new_request_id();
    let mut request = creation_of("orders", source("Orders"));
    request.validate_only = true;
    sent(client.create_datastore(request.clone()).await);
    request.validate_only = false;
    request.request_id.clone_from(&request_id);
    let created = sent(client.create_datastore(request.clone()).await);
    assert_eq!(sent(client.create_datastore(request).await), created);

    let mut removal = removal("datastores/orders");
    removal.validate_only = true;
    sent(client.delete_datastore(removal.clone()).await);
    removal.name = "datastores/gone".to_owned();
    let answer = client.delete_datastore(removal.clone()).await;
    refused(answer, ErrorReason::DatastoreNotFound);
    "NO NAME\nat all".clone_into(&mut removal.name);
    removal.validate_only = false;
    refused_fields(client.delete_datastore(removal).await, &["name"]);
    let enrichment = datastore_of_role_enrichment();
    sent(
        client
            .create_datastore(creation_of("anomalies", enrichment))
            .await,
    );
    let name = "datastores/anomalies".to_owned();
    sent(
        client
            .release_prefix(pb::ReleasePrefixRequest { name })
            .await,
    );

    let expected = [
        line("CreateDatastore", "datastores/orders", "OK"),
        line("CreateDatastore", "datastores/anomalies", "OK"),
    ];
    assert_eq!(told(&mut client).await, expected);
    for event in events(&mut client).await {
        assert_logged(&server, &event).await;
    }
    assert_eq!(server.log().matches("audit event").count(), 2);
}

fn datastore_of_role_enrichment() -> pb::Datastore {
    let mut anomalies = source("Anomalies");
    anomalies.role = pb::Role::Enrichment.into();
    anomalies
}
