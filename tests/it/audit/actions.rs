//! Each of the actions has one event: who, what, when, from where, and what came of it.

use std::time::SystemTime;

use datastored::pb;
use datastored::pb::test_connection_request::Target;

use super::{assert_logged, creation_of, events, source};
use crate::api::{Client, change, creation, new_request_id, removal, sent, start};
use crate::connection::{config, put, watch};
use crate::lab::{self, Server, policies};
use crate::server::{Datastored, datastore};

/// The one event that is there now and was not after the step before.
async fn only_new(server: &Datastored, client: &mut Client, seen: &mut usize) -> pb::AuditEvent {
    let events = events(client).await;
    assert_eq!(events.len(), *seen + 1, "{events:?}");
    *seen = events.len();
    let newest = events.into_iter().next().expect("an event");
    assert_eq!(newest.caller, "anonymous");
    assert!(newest.address.starts_with("127.0.0.1:"), "{newest:?}");
    let time = newest.event_time.expect("a time");
    let time = SystemTime::try_from(time).expect("a time of ours");
    assert!(time <= SystemTime::now());
    assert!(time.elapsed().expect("it has passed").as_secs() < 60);
    assert_logged(server, &newest).await;
    newest
}

/// What does not stand in every event.
fn fields(event: &pb::AuditEvent) -> [&str; 5] {
    [
        &event.action,
        &event.resource,
        &event.enrichment_datastore,
        &event.outcome,
        &event.request_id,
    ]
}

async fn orders_and_anomalies(s3: &Server) -> (pb::Datastore, pb::Datastore) {
    let bucket = s3.bucket().await;
    put(s3, &bucket, "orders/2026.csv", b"id,total\n").await;
    let keys = s3.user(&policies::source(&bucket)).await;
    let orders = config(s3, &format!("s3://{bucket}/orders"), &keys);
    let other = s3.bucket().await;
    let keys = s3.user(&policies::enrichment(&other)).await;
    let anomalies = config(s3, &format!("s3://{other}/anomalies"), &keys);
    (
        datastore("Orders", pb::Role::Source, orders),
        datastore("Anomalies", pb::Role::Enrichment, anomalies),
    )
}

#[tokio::test]
async fn each_change_and_each_test_has_one_event_and_one_line_without_secrets() {
    let s3 = lab::moto().await;
    let (server, mut client) = start().await;
    let (orders, anomalies) = orders_and_anomalies(&s3).await;
    let secrets = [&orders, &anomalies].map(|datastore| match &datastore.config {
        Some(pb::datastore::Config::S3(s3)) => watch::secrets_of(s3).concat(),
        None => panic!("no s3"),
    });
    let (name, to) = ("datastores/orders", "datastores/anomalies");
    let mut seen = 0;

    let id = new_request_id();
    let request = pb::CreateDatastoreRequest {
        request_id: id.clone(),
        ..creation_of("orders", orders.clone())
    };
    sent(client.create_datastore(request).await);
    let event = only_new(&server, &mut client, &mut seen).await;
    assert_eq!(fields(&event), ["CreateDatastore", name, "", "OK", &id]);
    let request = creation_of("anomalies", anomalies);
    sent(client.create_datastore(request).await);
    let event = only_new(&server, &mut client, &mut seen).await;
    assert_eq!(fields(&event), ["CreateDatastore", to, "", "OK", ""]);

    let mut renamed = orders;
    renamed.name = name.to_owned();
    renamed.display_name = "All orders".to_owned();
    let paths = ["display_name", "s3.access_key", "s3.region"];
    sent(client.update_datastore(change(renamed, &paths)).await);
    let event = only_new(&server, &mut client, &mut seen).await;
    assert_eq!(fields(&event), ["UpdateDatastore", name, "", "OK", ""]);
    let changed = ["display_name", "s3.credentials", "s3.region"];
    assert_eq!(event.changed_fields, changed);

    let link = pb::LinkEnrichmentRequest {
        name: name.to_owned(),
        enrichment_datastore: to.to_owned(),
        ..pb::LinkEnrichmentRequest::default()
    };
    sent(client.link_enrichment(link).await);
    let event = only_new(&server, &mut client, &mut seen).await;
    assert_eq!(fields(&event), ["LinkEnrichment", name, to, "OK", ""]);
    let unlink = pb::UnlinkEnrichmentRequest {
        name: name.to_owned(),
        ..pb::UnlinkEnrichmentRequest::default()
    };
    sent(client.unlink_enrichment(unlink).await);
    let event = only_new(&server, &mut client, &mut seen).await;
    assert_eq!(fields(&event), ["UnlinkEnrichment", name, to, "OK", ""]);

    let claim = pb::ClaimPrefixRequest {
        name: to.to_owned(),
    };
    sent(client.claim_prefix(claim).await);
    let event = only_new(&server, &mut client, &mut seen).await;
    assert_eq!(fields(&event), ["ClaimPrefix", to, "", "OK", ""]);
    let release = pb::ReleasePrefixRequest {
        name: to.to_owned(),
    };
    sent(client.release_prefix(release).await);
    let event = only_new(&server, &mut client, &mut seen).await;
    assert_eq!(fields(&event), ["ReleasePrefix", to, "", "OK", ""]);

    let target = Target::Name(name.to_owned());
    let stream = watch::start(&server, target, pb::Role::Unspecified).await;
    let mut watched = watch::Watched::new(stream.expect("it starts"), secrets.to_vec());
    watched.take_started(pb::Role::Source).await;
    let report = watched.ended().await;
    let event = only_new(&server, &mut client, &mut seen).await;
    assert_eq!(fields(&event), ["TestConnection", name, "", "PASSED", ""]);
    assert_eq!(event.connection_tests, [report.name]);

    let removal = pb::DeleteDatastoreRequest {
        request_id: id.replace(['0', '1', '2'], "3"),
        ..removal(name)
    };
    let id = removal.request_id.clone();
    sent(client.delete_datastore(removal).await);
    let event = only_new(&server, &mut client, &mut seen).await;
    assert_eq!(fields(&event), ["DeleteDatastore", name, "", "OK", &id]);

    let rows = format!("{:?}", events(&mut client).await);
    for secret in secrets {
        assert!(!secret.is_empty());
        assert!(!rows.contains(&secret), "a secret is in an event");
        assert!(!server.log().contains(&secret), "a secret is in the log");
    }
}

#[tokio::test]
async fn a_create_with_its_enrichment_has_one_event_with_both_names_and_both_tests() {
    let s3 = lab::moto().await;
    let (server, mut client) = start().await;
    let (orders, anomalies) = orders_and_anomalies(&s3).await;
    let new = pb::NewEnrichment {
        datastore: Some(anomalies),
        ..pb::NewEnrichment::default()
    };
    let request = pb::CreateDatastoreRequest {
        datastore: Some(orders),
        enrichment: Some(pb::create_datastore_request::Enrichment::NewEnrichment(new)),
        ..pb::CreateDatastoreRequest::default()
    };
    let created = sent(client.create_datastore(request).await);
    let event = only_new(&server, &mut client, &mut 0).await;
    let expected = [
        "CreateDatastore",
        &created.name,
        &created.enrichment_datastore,
        "OK",
        "",
    ];
    assert_eq!(fields(&event), expected);
    assert_eq!(event.connection_tests.len(), 2, "{event:?}");
    let own = created.connection.expect("a connection").last_test;
    let id = |name: &str| name.rsplit('/').next().map(str::to_owned);
    assert_eq!(id(&event.connection_tests[0]), id(&own));
}

#[tokio::test]
async fn a_test_of_a_datastore_that_is_not_saved_has_an_event_with_its_uri() {
    let s3 = lab::moto().await;
    let (server, mut client) = start().await;
    let bucket = s3.bucket().await;
    let keys = s3.user(&policies::nothing()).await;
    let s3 = config(&s3, &format!("S3://{bucket}/a"), &keys);
    let report = crate::connection::report(&server, s3, pb::Role::Source).await;
    let event = only_new(&server, &mut client, &mut 0).await;
    let uri = format!("s3://{bucket}/a/");
    assert_eq!(fields(&event), ["TestConnection", &uri, "", "FAILED", ""]);
    assert_eq!(event.connection_tests, [report.name]);
    let begun = "connection test begins";
    assert_eq!(server.log().matches(begun).count(), 1);
}

#[tokio::test]
async fn an_update_without_a_mask_names_the_fields_that_it_sends() {
    let (server, mut client) = start().await;
    let created = sent(client.create_datastore(creation(source("Orders"))).await);
    let mut sent_along = pb::Datastore {
        name: created.name,
        display_name: "All orders".to_owned(),
        ..pb::Datastore::default()
    };
    sent_along.labels = [("env".to_owned(), "prod".to_owned())].into();
    sent(client.update_datastore(change(sent_along, &[])).await);
    let event = only_new(&server, &mut client, &mut 1).await;
    assert_eq!(event.changed_fields, ["display_name", "labels"]);
    let rows = format!("{:?}", events(&mut client).await);
    assert!(!rows.contains("All orders") && !rows.contains("prod"));
}
