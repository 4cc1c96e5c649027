//! What is kept of the tests of a saved datastore, and what is known of its connection.

use datastored::pb::test_connection_request::Target;
use datastored::pb::{self, ConnectionState, ErrorReason, Outcome, Verdict};

use super::{history, kept, tested};
use crate::api::{Client, change, creation, get, refused, refused_fields, removal, sent, start};
use crate::connection::watch::{Watched, start as ask};
use crate::connection::{behind_a_proxy, logged};
use crate::lab;
use crate::lab::proxy::Reply;
use crate::lab::rule::{Rule, When};
use crate::server::{Datastored, datastore};

/// Tests a saved datastore to the end.
async fn test(server: &Datastored, name: &str) -> pb::ConnectionTestReport {
    let started = ask(server, Target::Name(name.to_owned()), pb::Role::Unspecified).await;
    let mut watched = Watched::new(started.expect("the test starts"), Vec::new());
    watched.take_started(pb::Role::Enrichment).await;
    watched.ended().await
}

async fn connection(client: &mut Client, name: &str) -> pb::Connection {
    let datastore = get(client, name).await.expect("it is there");
    datastore.connection.expect("a connection")
}

fn denied() -> Rule {
    Rule::reply(
        When::Always,
        Reply::error(403, "AccessDenied", "Access Denied"),
    )
}

#[tokio::test]
async fn a_report_says_what_was_lost_since_the_last_test_and_what_was_gained() {
    let s3 = lab::moto().await;
    let (server, mut client) = start().await;
    let (proxy, _, config) = behind_a_proxy(&s3).await;
    let anomalies = datastore("Anomalies", pb::Role::Enrichment, config);
    let created = sent(client.create_datastore(tested(anomalies)).await);
    let name = created.name.as_str();
    let first = connection(&mut client, name).await;
    let same = test(&server, name).await;
    assert_eq!(same.changes, []);
    let second = connection(&mut client, name).await;
    assert_eq!(second.state(), ConnectionState::Passed);
    assert_eq!(second.since, first.since, "the state is still the same");
    assert_eq!(second.last_test, same.name);

    // Two calls: a test asks twice when the first answer is a denial of an object that it could have written.
    proxy.rule("ListMultipartUploads", denied().first(1));
    let worse = test(&server, name).await;
    assert_eq!(worse.outcome(), Outcome::Failed);
    let lost = &worse.changes[0];
    assert_eq!(worse.changes.len(), 1, "{:?}", worse.changes);
    assert_eq!(lost.action, "s3:ListBucketMultipartUploads");
    assert_eq!(
        (lost.before(), lost.after()),
        (Verdict::Passed, Verdict::Failed)
    );
    assert_eq!(lost.since, same.start_time);
    let time = same.start_time.expect("a time").to_string();
    assert_eq!(
        lost.summary,
        format!("lost s3:ListBucketMultipartUploads since {time}")
    );
    let failed = connection(&mut client, name).await;
    assert_eq!(failed.state(), ConnectionState::Failed);
    assert_eq!(failed.since, worse.start_time);
    assert_eq!(failed.missing_actions, ["s3:ListBucketMultipartUploads"]);

    let better = test(&server, name).await;
    assert_eq!(better.changes.len(), 1);
    assert!(
        better.changes[0]
            .summary
            .starts_with("gained s3:ListBucketMultipartUploads since ")
    );
    let kept_report = kept(&mut client, &better.name)
        .await
        .report
        .expect("a report");
    assert_eq!(kept_report, better, "what is kept is what was said");
    assert_eq!(
        get(&mut client, name).await.expect("it works").etag,
        created.etag,
        "tests change no etag"
    );
}

#[tokio::test]
async fn the_last_tests_are_kept_and_listed_page_by_page_the_newest_first() {
    let s3 = lab::moto().await;
    let server = Datastored::start(&["--test-history", "3"]);
    let mut client = server.client().await;
    let (_proxy, _, config) = behind_a_proxy(&s3).await;
    let anomalies = datastore("Anomalies", pb::Role::Enrichment, config);
    let name = sent(client.create_datastore(creation(anomalies)).await).name;
    assert_eq!(history(&mut client, &name).await, [""; 0]);
    let mut expected = Vec::new();
    for _ in 0..5 {
        expected.insert(0, test(&server, &name).await.name);
    }
    expected.truncate(3);
    assert_eq!(history(&mut client, &name).await, expected);
    let mut request = pb::ListConnectionTestsRequest {
        parent: name.clone(),
        page_size: 2,
        ..pb::ListConnectionTestsRequest::default()
    };
    let first = sent(client.list_connection_tests(request.clone()).await);
    request.page_token = first.next_page_token;
    let second = sent(client.list_connection_tests(request.clone()).await);
    assert_eq!(second.next_page_token, "");
    let pages = [first.connection_tests, second.connection_tests].concat();
    let listed: Vec<String> = pages.into_iter().map(|test| test.name).collect();
    assert_eq!(listed, expected);

    let wrong = pb::ListConnectionTestsRequest {
        parent: "datastores/".to_owned(),
        page_size: -1,
        ..request.clone()
    };
    let answer = client.list_connection_tests(wrong).await;
    refused_fields(answer, &["parent", "page_size", "page_token"]);
    let name = "datastores/x/connectionTests/1".to_owned();
    let answer = client.get_connection_test(pb::GetConnectionTestRequest { name });
    refused_fields(answer.await, &["name"]);
}

#[tokio::test]
async fn what_is_known_of_a_connection_goes_when_the_connection_changes_and_with_the_datastore() {
    let s3 = lab::moto().await;
    let (server, mut client) = start().await;
    let (_proxy, _, config) = behind_a_proxy(&s3).await;
    let anomalies = pb::CreateDatastoreRequest {
        datastore_id: "anomalies".to_owned(),
        ..creation(datastore("Anomalies", pb::Role::Enrichment, config))
    };
    let created = sent(client.create_datastore(anomalies.clone()).await);
    let untested = connection(&mut client, &created.name).await;
    assert_eq!(untested.state(), ConnectionState::Untested);
    let report = test(&server, &created.name).await;
    let mut other = created.clone();
    other.etag.clear();
    match &mut other.config {
        Some(pb::datastore::Config::S3(s3)) => s3.region = "eu-central-1".to_owned(),
        None => panic!("no s3"),
    }
    let changed = sent(client.update_datastore(change(other, &["s3.region"])).await);
    assert_eq!(
        changed.connection.expect("it works").state(),
        ConnectionState::Untested
    );
    assert_eq!(
        history(&mut client, &created.name).await,
        [report.name.as_str()]
    );

    sent(client.delete_datastore(removal(&created.name)).await);
    let again = sent(client.create_datastore(anomalies).await);
    assert_eq!(
        again.connection.expect("it works").state(),
        ConnectionState::Untested
    );
    assert_eq!(history(&mut client, &created.name).await, [""; 0]);
    let request = pb::GetConnectionTestRequest { name: report.name };
    let answer = client.get_connection_test(request).await;
    refused(answer, ErrorReason::ConnectionTestNotFound);
}

#[tokio::test]
async fn a_test_that_was_cut_off_is_kept_but_says_nothing_of_the_connection() {
    let s3 = lab::moto().await;
    let (server, mut client) = start().await;
    let (proxy, _, config) = behind_a_proxy(&s3).await;
    let anomalies = datastore("Anomalies", pb::Role::Enrichment, config);
    let created = sent(client.create_datastore(tested(anomalies)).await);
    let held = proxy.hold("GetObject");
    let asked = ask(
        &server,
        Target::Name(created.name.clone()),
        pb::Role::Unspecified,
    );
    let stream = asked.await.expect("the test starts");
    held.one_waits().await;
    drop(stream);
    logged(&server, "its reader has gone").await;
    held.release();
    crate::lab::eventually("the test is kept", || async {
        history(&mut client.clone(), &created.name).await.len() == 2
    })
    .await;
    let known = connection(&mut client, &created.name).await;
    assert_eq!(Some(known), created.connection);
}

#[tokio::test]
async fn a_test_for_another_role_is_kept_and_says_nothing_of_the_connection() {
    let s3 = lab::moto().await;
    let (server, mut client) = start().await;
    let (_proxy, bucket, config) = behind_a_proxy(&s3).await;
    crate::connection::put(&s3, &bucket, "a.csv", b"a").await;
    let anomalies = datastore("Anomalies", pb::Role::Enrichment, config);
    let created = sent(client.create_datastore(tested(anomalies)).await);
    let target = Target::Name(created.name.clone());
    let started = ask(&server, target, pb::Role::Source)
        .await
        .expect("the test starts");
    let mut watched = Watched::new(started, Vec::new());
    watched.take_started(pb::Role::Source).await;
    let report = watched.ended().await;
    assert_eq!(report.changes, [], "the last test was for another role");
    assert_eq!(history(&mut client, &created.name).await.len(), 2);
    let known = connection(&mut client, &created.name).await;
    assert_eq!(Some(known), created.connection);
}
