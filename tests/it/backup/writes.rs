//! A backup that is taken while others write shows one moment.

use std::collections::BTreeSet;

use super::{Answers, Shelf, backup};
use crate::api::links::{at, linking, unlinking};
use crate::api::{Client, create, creation, sent};
use crate::lab::eventually;
use crate::server::Datastored;
use datastored::pb::{self, Role};
use tokio::sync::watch;
use tokio::task::JoinSet;

const WRITERS: usize = 4;

/// Creates datastores one after another until it is told to stop, each a source that is then linked.
async fn write(
    mut client: Client,
    writer: usize,
    acknowledged: watch::Sender<usize>,
    enrichment: String,
) {
    for number in 0.. {
        let mut request = creation(at(
            &format!("s3://w{writer}-{number:04}/data"),
            Role::Source,
        ));
        request.datastore_id = format!("w{writer}-{number:04}");
        let name = sent(client.create_datastore(request).await).name;
        sent(client.link_enrichment(linking(&name, &enrichment)).await);
        if number % 3 == 0 {
            sent(client.unlink_enrichment(unlinking(&name)).await);
        }
        if acknowledged.send(number + 1).is_err() {
            return;
        }
    }
}

/// What there is of a writer are its first datastores; all before the last one as it left them, with one event for each call.
fn is_a_moment(answers: &Answers, writer: usize, at_least: usize) {
    let of = format!("datastores/w{writer}-");
    let mine: Vec<&pb::Datastore> = answers
        .datastores
        .iter()
        .filter(|d| d.name.starts_with(&of))
        .collect();
    assert!(
        mine.len() >= at_least,
        "what was acknowledged before is there"
    );
    for (number, datastore) in mine.iter().enumerate() {
        assert_eq!(datastore.name, format!("{of}{number:04}"));
        let happened = answers
            .events
            .iter()
            .filter(|e| e.resource == datastore.name);
        let happened: Vec<&str> = happened.map(|e| e.action.as_str()).collect();
        let is_linked = !datastore.enrichment_datastore.is_empty();
        let expected: &[&str] = match (happened.len(), is_linked) {
            (1, false) => &["CreateDatastore"],
            (2, true) => &["LinkEnrichment", "CreateDatastore"],
            (3, false) => &["UnlinkEnrichment", "LinkEnrichment", "CreateDatastore"],
            other => panic!("{}: {other:?}", datastore.name),
        };
        assert_eq!(happened, expected, "{}", datastore.name);
        if number + 1 < mine.len() {
            assert_eq!(is_linked, number % 3 != 0);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_taken_during_writes_shows_one_moment() {
    let shelf = Shelf::new();
    let server = Datastored::start(&[]);
    let mut client = server.client().await;
    let enrichment = create(&mut client, at("s3://quality/a", Role::Enrichment))
        .await
        .name;
    let mut writers = JoinSet::new();
    let mut seen = Vec::new();
    for writer in 0..WRITERS {
        let (acknowledged, watched) = watch::channel(0);
        seen.push(watched);
        writers.spawn(write(
            server.client().await,
            writer,
            acknowledged,
            enrichment.clone(),
        ));
    }
    eventually("everybody writes", || async {
        seen.iter().all(|s| *s.borrow() >= 20)
    })
    .await;
    let before: Vec<usize> = seen.iter().map(|s| *s.borrow()).collect();
    backup(&server, &shelf.at("one")).await;
    let after: Vec<usize> = seen.iter().map(|s| *s.borrow()).collect();
    drop(seen);
    writers.join_all().await;
    assert!(
        after.iter().sum::<usize>() > before.iter().sum(),
        "writes went on: {before:?} {after:?}"
    );

    let new = shelf.restored(&shelf.at("one"), &server).await;
    let mut client = new.client().await;
    let answers = Answers::of(&mut client).await;
    for (writer, at_least) in before.into_iter().enumerate() {
        is_a_moment(&answers, writer, at_least);
    }
    let all: BTreeSet<&String> = answers.datastores.iter().map(|d| &d.name).collect();
    for listed in [&answers.by_display_name, &answers.by_create_time] {
        assert_eq!(listed.iter().collect::<BTreeSet<_>>(), all);
    }
    let linked = answers
        .datastores
        .iter()
        .filter(|d| !d.enrichment_datastore.is_empty());
    let linked: Vec<String> = linked.map(|d| d.name.clone()).collect();
    assert_eq!(
        crate::api::links::sources_of(&mut client, &enrichment).await,
        linked
    );
}
