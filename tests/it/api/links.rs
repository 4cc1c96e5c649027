//! Links between sources and enrichment datastores: what is refused, what is changed, what is found.

use datastored::pb::{self, ErrorReason, Role};

use super::{
    Client, all, change, create, get, new_request_id, refused, refused_fields, removal, s3_mut,
    sent, start,
};
use crate::server::{datastore, s3_config};

/// A datastore at a URI, named after it.
pub fn at(uri: &str, role: Role) -> pb::Datastore {
    let s3 = s3_config(uri, "", "AKIAIOSFODNN7EXAMPLE", "secret");
    datastore(&format!("{uri} as {}", role.as_str_name()), role, s3)
}

pub fn linking(source: &str, enrichment: &str) -> pb::LinkEnrichmentRequest {
    pb::LinkEnrichmentRequest {
        name: source.to_owned(),
        enrichment_datastore: enrichment.to_owned(),
        ..pb::LinkEnrichmentRequest::default()
    }
}

pub fn unlinking(source: &str) -> pb::UnlinkEnrichmentRequest {
    pb::UnlinkEnrichmentRequest {
        name: source.to_owned(),
        ..pb::UnlinkEnrichmentRequest::default()
    }
}

/// The names of the sources that are linked to an enrichment datastore, found by the filter.
pub async fn sources_of(client: &mut Client, enrichment: &str) -> Vec<String> {
    let request = pb::ListDatastoresRequest {
        filter: format!("enrichment_datastore = {enrichment}"),
        page_size: 1000,
        ..pb::ListDatastoresRequest::default()
    };
    let page = sent(client.list_datastores(request).await);
    page.datastores.into_iter().map(|d| d.name).collect()
}

pub async fn resolved(
    client: &mut Client,
    source: &str,
) -> Result<pb::ResolveEnrichmentResponse, tonic::Status> {
    let name = source.to_owned();
    let request = pb::ResolveEnrichmentRequest { name };
    client
        .resolve_enrichment(request)
        .await
        .map(tonic::Response::into_inner)
}

#[tokio::test]
async fn a_source_is_linked_linked_elsewhere_and_unlinked() {
    let (_server, mut client) = start().await;
    let source = create(&mut client, at("s3://data/orders", Role::Source))
        .await
        .name;
    let first = create(&mut client, at("s3://quality/a", Role::Enrichment))
        .await
        .name;
    let second = create(&mut client, at("s3://quality/b", Role::Enrichment))
        .await
        .name;

    let linked = sent(client.link_enrichment(linking(&source, &first)).await);
    assert_eq!(linked.enrichment_datastore, first);
    assert_eq!(get(&mut client, &source).await.unwrap(), linked);
    assert_eq!(sources_of(&mut client, &first).await, [source.as_str()]);

    let swapped = sent(client.link_enrichment(linking(&source, &second)).await);
    assert_eq!(swapped.enrichment_datastore, second);
    assert_ne!(swapped.etag, linked.etag);
    assert_eq!(sources_of(&mut client, &first).await, [""; 0]);
    assert_eq!(sources_of(&mut client, &second).await, [source.as_str()]);

    let unlinked = sent(client.unlink_enrichment(unlinking(&source)).await);
    assert_eq!(unlinked.enrichment_datastore, "");
    assert_eq!(sources_of(&mut client, &second).await, [""; 0]);
    let again = client.unlink_enrichment(unlinking(&source)).await;
    let refusal = refused(again, ErrorReason::EnrichmentNotLinked);
    assert_eq!(refusal.metadata["name"], source);
}

#[tokio::test]
async fn a_link_that_makes_no_sense_is_refused_with_a_reason_of_its_own() {
    let (_server, mut client) = start().await;
    let source = create(&mut client, at("s3://data/orders", Role::Source))
        .await
        .name;
    let other = create(&mut client, at("s3://data/customers", Role::Source))
        .await
        .name;
    let enrichment = create(&mut client, at("s3://quality/a", Role::Enrichment))
        .await
        .name;
    let second = create(&mut client, at("s3://quality/b", Role::Enrichment))
        .await
        .name;
    for (from, to, reason) in [
        (&source, &source, ErrorReason::LinkToItself),
        (&enrichment, &enrichment, ErrorReason::LinkToItself),
        (&source, &other, ErrorReason::NotAnEnrichmentDatastore),
        (&enrichment, &second, ErrorReason::NotASource),
    ] {
        let answer = client.link_enrichment(linking(from, to)).await;
        refused(answer, reason);
    }
    let gone = client
        .link_enrichment(linking(&source, "datastores/gone"))
        .await;
    let refusal = refused(gone, ErrorReason::DatastoreNotFound);
    assert_eq!(refusal.metadata["name"], "datastores/gone");
    let bad = client.link_enrichment(linking("orders", "")).await;
    refused_fields(bad, &["name", "enrichment_datastore"]);
    assert_eq!(
        get(&mut client, &source)
            .await
            .unwrap()
            .enrichment_datastore,
        ""
    );
}

#[tokio::test]
async fn locations_that_are_equal_or_nested_are_not_linked() {
    let (_server, mut client) = start().await;
    for (source, enrichment) in [
        ("s3://one/a", "s3://one/a"),
        ("s3://two", "s3://two/quality"),
        ("s3://three/a/b", "s3://three/a"),
        ("s3://four", "s3://four"),
    ] {
        let source = create(&mut client, at(source, Role::Source)).await.name;
        let enrichment = create(&mut client, at(enrichment, Role::Enrichment))
            .await
            .name;
        let answer = client.link_enrichment(linking(&source, &enrichment)).await;
        let refusal = refused(answer, ErrorReason::LocationsOverlap);
        assert_eq!(refusal.metadata["source"], source);
        assert_eq!(refusal.metadata["enrichment_datastore"], enrichment);
    }
    let source = create(&mut client, at("s3://five/a", Role::Source))
        .await
        .name;
    let beside = create(&mut client, at("s3://five/ab", Role::Enrichment))
        .await
        .name;
    sent(client.link_enrichment(linking(&source, &beside)).await);
}

#[tokio::test]
async fn a_prefix_that_another_enrichment_datastore_holds_is_linked_only_when_it_may_be_shared() {
    let (_server, mut client) = start().await;
    let source = create(&mut client, at("s3://data/orders", Role::Source));
    let source = source.await.name;
    let other = create(&mut client, at("s3://data/customers", Role::Source));
    let other = other.await.name;
    for (held, wanted) in [
        ("s3://same/q", "s3://same/q"),
        ("s3://outer/q", "s3://outer/q/deep/er"),
        ("s3://inner/q/deep/er", "s3://inner/q"),
        ("s3://bucket", "s3://bucket/q"),
    ] {
        let holder = create(&mut client, at(held, Role::Enrichment)).await.name;
        let mut wanted = at(wanted, Role::Enrichment);
        wanted.display_name.push_str(" again");
        let wanted = create(&mut client, wanted).await.name;
        // What is registered and linked to nothing is in nobody's way.
        sent(client.link_enrichment(linking(&other, &holder)).await);
        let answer = client.link_enrichment(linking(&source, &wanted)).await;
        let refusal = refused(answer, ErrorReason::PrefixShared);
        assert_eq!(refusal.metadata["held_by"], holder);
        let sharing = pb::LinkEnrichmentRequest {
            share_prefix: true,
            ..linking(&source, &wanted)
        };
        sent(client.link_enrichment(sharing).await);
        // Sharing was accepted, on both sides.
        sent(client.link_enrichment(linking(&other, &wanted)).await);
        sent(client.link_enrichment(linking(&other, &holder)).await);
    }
    let near = create(&mut client, at("s3://same/q-old", Role::Enrichment));
    let near = near.await.name;
    sent(client.link_enrichment(linking(&source, &near)).await);
}

#[tokio::test]
async fn a_prefix_is_free_when_its_holder_has_gone_or_moved() {
    let (_server, mut client) = start().await;
    let source = create(&mut client, at("s3://data/orders", Role::Source));
    let source = source.await.name;
    let mut last = String::new();
    for number in 0..3 {
        let mut wanted = at("s3://quality/a", Role::Enrichment);
        wanted.display_name.push_str(&number.to_string());
        let wanted = create(&mut client, wanted).await;
        if !last.is_empty() {
            let answer = client.link_enrichment(linking(&source, &wanted.name)).await;
            refused(answer, ErrorReason::PrefixShared);
            let forced = pb::DeleteDatastoreRequest {
                force: true,
                ..removal(&last)
            };
            sent(client.delete_datastore(forced).await);
        }
        sent(client.link_enrichment(linking(&source, &wanted.name)).await);
        last = wanted.name;
    }
    let mut moved = get(&mut client, &last).await.expect("it is there");
    moved.etag.clear();
    *s3_mut(&mut moved) = s3_config("s3://quality/b", "", "AKIAIOSFODNN7EXAMPLE", "secret");
    sent(
        client
            .update_datastore(change(moved, &["s3.uri", "s3.access_key"]))
            .await,
    );
    let next = create(&mut client, at("s3://quality/a", Role::Enrichment)).await;
    sent(client.link_enrichment(linking(&source, &next.name)).await);
    let beside = create(&mut client, at("s3://quality/b/c", Role::Enrichment)).await;
    let answer = client.link_enrichment(linking(&source, &beside.name)).await;
    let refusal = refused(answer, ErrorReason::PrefixShared);
    assert_eq!(refusal.metadata["held_by"], last);
}

#[tokio::test]
async fn an_update_moves_no_datastore_to_where_its_link_would_be_refused() {
    let (_server, mut client) = start().await;
    let source = create(&mut client, at("s3://data/orders", Role::Source)).await;
    let enrichment = create(&mut client, at("s3://quality/a", Role::Enrichment)).await;
    let other = create(&mut client, at("s3://quality/b", Role::Enrichment)).await;
    sent(
        client
            .link_enrichment(linking(&source.name, &enrichment.name))
            .await,
    );
    let moved = |datastore: &pb::Datastore, uri: &str| {
        let mut datastore = datastore.clone();
        let id = "AKIAIOSFODNN7EXAMPLE";
        *s3_mut(&mut datastore) = s3_config(uri, "", id, "secret");
        datastore.etag.clear();
        change(datastore, &["s3.uri", "s3.access_key"])
    };
    for uri in ["s3://quality", "s3://quality/a", "s3://quality/a/b"] {
        let answer = client.update_datastore(moved(&source, uri)).await;
        refused(answer, ErrorReason::LocationsOverlap);
    }
    for uri in ["s3://data", "s3://data/orders", "s3://data/orders/2026"] {
        let answer = client.update_datastore(moved(&enrichment, uri)).await;
        let refusal = refused(answer, ErrorReason::LocationsOverlap);
        assert_eq!(refusal.metadata["source"], source.name);
    }
    let holds = create(&mut client, at("s3://more/orders", Role::Source));
    let holds = holds.await.name;
    sent(client.link_enrichment(linking(&holds, &other.name)).await);
    let shared = moved(&enrichment, "s3://quality/b");
    let answer = client.update_datastore(shared.clone()).await;
    let refusal = refused(answer, ErrorReason::PrefixShared);
    assert_eq!(refusal.metadata["held_by"], other.name);
    let sharing = pb::UpdateDatastoreRequest {
        share_prefix: true,
        ..shared
    };
    sent(client.update_datastore(sharing).await);

    // What has moved is found where it is, and no longer where it was.
    sent(
        client
            .update_datastore(moved(&source, "s3://elsewhere/x"))
            .await,
    );
    sent(
        client
            .update_datastore(moved(&enrichment, "s3://data"))
            .await,
    );
    let answer = client
        .update_datastore(moved(&enrichment, "s3://elsewhere"))
        .await;
    refused(answer, ErrorReason::LocationsOverlap);
    assert_eq!(
        sources_of(&mut client, &enrichment.name).await,
        [source.name]
    );
}

#[tokio::test]
async fn an_enrichment_datastore_in_use_is_deleted_only_by_force_which_unlinks_its_sources() {
    let (_server, mut client) = start().await;
    let enrichment = create(&mut client, at("s3://quality/a", Role::Enrichment))
        .await
        .name;
    let mut sources = Vec::new();
    for number in 0..25 {
        let uri = format!("s3://data/{number:02}");
        let source = create(&mut client, at(&uri, Role::Source)).await.name;
        sent(client.link_enrichment(linking(&source, &enrichment)).await);
        sources.push(source);
    }
    sources.sort();
    let answer = client.delete_datastore(removal(&enrichment)).await;
    let refusal = refused(answer, ErrorReason::EnrichmentInUse);
    assert_eq!(refusal.metadata["sources"], sources[..10].join(","));
    assert_eq!(refusal.metadata["more"], "true");
    let failure = refusal.details.precondition_failure().expect("violations");
    assert_eq!(failure.violations.len(), 10);
    assert_eq!(sources_of(&mut client, &enrichment).await, sources);

    let forced = pb::DeleteDatastoreRequest {
        force: true,
        ..removal(&enrichment)
    };
    let trial = pb::DeleteDatastoreRequest {
        validate_only: true,
        ..forced.clone()
    };
    sent(client.delete_datastore(trial).await);
    assert_eq!(sources_of(&mut client, &enrichment).await, sources);
    sent(client.delete_datastore(forced).await);
    let left = all(&mut client).await;
    assert_eq!(left.len(), sources.len());
    assert!(left.iter().all(|d| d.enrichment_datastore.is_empty()));
    assert_eq!(sources_of(&mut client, &enrichment).await, [""; 0]);
}

#[tokio::test]
async fn a_deleted_source_is_no_longer_in_the_way_of_its_enrichment_datastore() {
    let (_server, mut client) = start().await;
    let source = create(&mut client, at("s3://data/orders", Role::Source))
        .await
        .name;
    let enrichment = create(&mut client, at("s3://quality/a", Role::Enrichment))
        .await
        .name;
    sent(client.link_enrichment(linking(&source, &enrichment)).await);
    sent(client.delete_datastore(removal(&source)).await);
    sent(client.delete_datastore(removal(&enrichment)).await);
    assert_eq!(all(&mut client).await, []);
}

#[tokio::test]
async fn a_link_heeds_etag_request_id_and_validate_only() {
    let (_server, mut client) = start().await;
    let source = create(&mut client, at("s3://data/orders", Role::Source)).await;
    let enrichment = create(&mut client, at("s3://quality/a", Role::Enrichment))
        .await
        .name;
    let stale = pb::LinkEnrichmentRequest {
        etag: "stale".to_owned(),
        ..linking(&source.name, &enrichment)
    };
    refused(
        client.link_enrichment(stale).await,
        ErrorReason::EtagMismatch,
    );
    let trial = pb::LinkEnrichmentRequest {
        validate_only: true,
        ..linking(&source.name, &enrichment)
    };
    let shown = sent(client.link_enrichment(trial).await);
    assert_eq!(shown.enrichment_datastore, enrichment);
    assert_eq!(get(&mut client, &source.name).await.unwrap(), source);
    let once = pb::LinkEnrichmentRequest {
        request_id: new_request_id(),
        etag: source.etag.clone(),
        ..linking(&source.name, &enrichment)
    };
    let first = sent(client.link_enrichment(once.clone()).await);
    assert_eq!(sent(client.link_enrichment(once).await), first);
    let stale = pb::UnlinkEnrichmentRequest {
        etag: source.etag,
        ..unlinking(&source.name)
    };
    refused(
        client.unlink_enrichment(stale).await,
        ErrorReason::EtagMismatch,
    );
}

#[tokio::test]
async fn the_enrichment_of_a_source_is_resolved_in_one_call_without_credentials() {
    let (_server, mut client) = start().await;
    let source = create(&mut client, at("s3://data/orders", Role::Source))
        .await
        .name;
    let mut enrichment = at("s3://quality/a", Role::Enrichment);
    s3_mut(&mut enrichment).endpoint = "http://127.0.0.1:9".to_owned();
    s3_mut(&mut enrichment).region = "eu-central-1".to_owned();
    let enrichment = create(&mut client, enrichment).await.name;
    refused(
        resolved(&mut client, &source).await,
        ErrorReason::EnrichmentNotLinked,
    );
    refused(
        resolved(&mut client, &enrichment).await,
        ErrorReason::NotASource,
    );
    sent(client.link_enrichment(linking(&source, &enrichment)).await);
    let found = resolved(&mut client, &source).await.unwrap();
    assert_eq!(
        found,
        pb::ResolveEnrichmentResponse {
            enrichment_datastore: enrichment,
            uri: "s3://quality/a/".to_owned(),
            bucket: "quality".to_owned(),
            prefix: "a/".to_owned(),
            region: "eu-central-1".to_owned(),
            endpoint: "http://127.0.0.1:9".to_owned(),
            addressing_style: pb::AddressingStyle::Path.into(),
            ca_certificate_pem: String::new(),
            connection: Some(pb::Connection {
                state: pb::ConnectionState::Untested.into(),
                ..pb::Connection::default()
            }),
        }
    );
}

#[tokio::test]
async fn the_sources_of_an_enrichment_datastore_are_listed_page_by_page_in_every_order() {
    let (_server, mut client) = start().await;
    let enrichment = create(&mut client, at("s3://quality/a", Role::Enrichment))
        .await
        .name;
    let mut expected = Vec::new();
    for number in 0..12 {
        let uri = format!("s3://data/{number:02}");
        let source = create(&mut client, at(&uri, Role::Source)).await.name;
        if number % 2 == 0 {
            sent(client.link_enrichment(linking(&source, &enrichment)).await);
            expected.push(source);
        }
    }
    expected.sort();
    for order_by in ["", "name desc", "display_name", "create_time desc"] {
        let mut found = Vec::new();
        let mut page_token = String::new();
        loop {
            let request = pb::ListDatastoresRequest {
                filter: format!("enrichment_datastore = {enrichment} AND role = SOURCE"),
                order_by: order_by.to_owned(),
                page_size: 4,
                page_token,
            };
            let page = sent(client.list_datastores(request).await);
            assert!(page.datastores.len() <= 4);
            found.extend(page.datastores.into_iter().map(|d| d.name));
            page_token = page.next_page_token;
            if page_token.is_empty() {
                break;
            }
        }
        if order_by == "name desc" {
            found.reverse();
        }
        found.sort();
        assert_eq!(found, expected, "{order_by}");
    }
}
