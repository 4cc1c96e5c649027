//! Links, updates, deletes and creates at the same time: whatever order they happen in, what is stored agrees with itself.

use datastored::pb::{self, ErrorReason, Role};
use tokio::task::JoinSet;

use super::links::{at, linking, sources_of};
use super::together::{new, with};
use super::{Client, all, create, refused, removal, sent, start};

const ROUNDS: usize = 20;

/// What the records say of links, and what the index says, are the same.
async fn assert_consistent(client: &mut Client) {
    let datastores = all(client).await;
    let names: Vec<&str> = datastores.iter().map(|d| d.name.as_str()).collect();
    for datastore in &datastores {
        let link = datastore.enrichment_datastore.as_str();
        assert!(link.is_empty() || names.contains(&link), "{datastore:?}");
        if datastore.role() == Role::Enrichment {
            let linked = datastores
                .iter()
                .filter(|d| d.enrichment_datastore == datastore.name);
            let linked: Vec<String> = linked.map(|d| d.name.clone()).collect();
            assert_eq!(sources_of(client, &datastore.name).await, linked);
        }
    }
}

#[tokio::test]
async fn of_two_links_at_once_one_stays_and_both_are_consistent() {
    let (_server, mut client) = start().await;
    let source = create(&mut client, at("s3://data/orders", Role::Source))
        .await
        .name;
    let mut enrichments = Vec::new();
    for letter in ["a", "b"] {
        let uri = format!("s3://quality/{letter}");
        enrichments.push(create(&mut client, at(&uri, Role::Enrichment)).await.name);
    }
    for _ in 0..ROUNDS {
        let mut links = JoinSet::new();
        for enrichment in &enrichments {
            let (mut client, request) = (client.clone(), linking(&source, enrichment));
            links.spawn(async move { sent(client.link_enrichment(request).await) });
        }
        links.join_all().await;
        assert_consistent(&mut client).await;
    }
}

#[tokio::test]
async fn links_and_the_delete_of_their_enrichment_datastore_never_leave_a_link_to_nothing() {
    let (_server, mut client) = start().await;
    let mut sources = Vec::new();
    for number in 0..8 {
        let uri = format!("s3://data/{number}");
        sources.push(create(&mut client, at(&uri, Role::Source)).await.name);
    }
    for round in 0..2 * ROUNDS {
        let enrichment = create(&mut client, at("s3://quality/a", Role::Enrichment));
        let enrichment = enrichment.await.name;
        let force = round % 2 == 0;
        let mut links = JoinSet::new();
        let mut delete = None;
        for (number, source) in sources.iter().enumerate() {
            if number == round % sources.len() {
                let mut client = client.clone();
                let request = pb::DeleteDatastoreRequest {
                    force,
                    ..removal(&enrichment)
                };
                delete = Some(tokio::spawn(async move {
                    client.delete_datastore(request).await
                }));
            }
            let mut client = client.clone();
            let request = pb::LinkEnrichmentRequest {
                // Otherwise the guard on the prefix would stand in for that on the datastore.
                share_prefix: true,
                ..linking(source, &enrichment)
            };
            links.spawn(async move { client.link_enrichment(request).await });
        }
        for link in links.join_all().await {
            if link.is_err() {
                refused(link, ErrorReason::DatastoreNotFound);
            }
        }
        let deleted = delete.expect("it was begun").await.expect("no panic");
        if deleted.is_err() {
            refused(deleted, ErrorReason::EnrichmentInUse);
            assert!(!force, "force overcomes links");
        }
        assert_consistent(&mut client).await;
        let forced = pb::DeleteDatastoreRequest {
            force: true,
            ..removal(&enrichment)
        };
        // It may have gone already.
        let _ = client.delete_datastore(forced).await;
    }
}

#[tokio::test]
async fn of_two_creates_of_a_pair_with_one_display_name_one_is_whole_and_the_other_nothing() {
    let (_server, client) = start().await;
    for round in 0..ROUNDS {
        let mut creates = JoinSet::new();
        for who in 0..4 {
            let mut client = client.clone();
            let source = at(&format!("s3://data/{round}-{who}"), Role::Source);
            let mut enrichment = at(&format!("s3://quality/{round}-{who}"), Role::Enrichment);
            enrichment.display_name = format!("Anomalies {round}");
            let request = with(source, new(enrichment, ""));
            creates.spawn(async move { client.create_datastore(request).await });
        }
        let answers = creates.join_all().await;
        let (made, refusals): (Vec<_>, Vec<_>) = answers.into_iter().partition(Result::is_ok);
        assert_eq!((made.len(), refusals.len()), (1, 3));
        for refusal in refusals {
            refused(refusal, ErrorReason::DisplayNameTaken);
        }
    }
    let mut client = client;
    assert_eq!(all(&mut client).await.len(), 2 * ROUNDS);
    assert_consistent(&mut client).await;
}

#[tokio::test]
async fn of_two_new_enrichment_datastores_at_one_prefix_one_is_refused() {
    let (_server, client) = start().await;
    for round in 0..ROUNDS {
        let mut creates = JoinSet::new();
        for who in ["a", "b"] {
            let mut client = client.clone();
            let source = at(&format!("s3://data/{round}-{who}"), Role::Source);
            let mut enrichment = at(&format!("s3://quality/{round}"), Role::Enrichment);
            enrichment.display_name.push_str(who);
            let request = with(source, new(enrichment, ""));
            creates.spawn(async move { client.create_datastore(request).await });
        }
        let answers = creates.join_all().await;
        let (made, refusals): (Vec<_>, Vec<_>) = answers.into_iter().partition(Result::is_ok);
        assert_eq!((made.len(), refusals.len()), (1, 1));
        for refusal in refusals {
            refused(refusal, ErrorReason::PrefixShared);
        }
    }
}
