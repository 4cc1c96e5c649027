//! A datastore is stored, or its connection changed, only once the connection is proven.

use datastored::pb::create_datastore_request::Enrichment;
use datastored::pb::{self, ConnectionState, ErrorReason, Outcome};

use super::{enrichment, enrichment_at, history, kept, source, tested};
use crate::api::{all, change, creation, get, new_request_id, refused, sent, start};
use crate::connection::{assert_holds, behind_a_proxy, report};
use crate::lab::proxy::Proxy;
use crate::lab::{self, Server, policies};
use crate::server::datastore;

/// All calls that have come through.
fn calls_of(proxy: &Proxy) -> usize {
    let operations = ["ListObjectsV2", "GetObject", "PutObject", "DeleteObject"];
    operations
        .map(|operation| proxy.calls(operation))
        .iter()
        .sum()
}

fn with_new(source: pb::Datastore, enrichment: pb::Datastore) -> pb::CreateDatastoreRequest {
    let new = pb::NewEnrichment {
        datastore: Some(enrichment),
        ..pb::NewEnrichment::default()
    };
    pb::CreateDatastoreRequest {
        enrichment: Some(Enrichment::NewEnrichment(new)),
        ..tested(source)
    }
}

async fn what_passes_is_stored_and_what_lacks_an_action_is_not(s3: &Server) {
    let (_server, mut client) = start().await;
    let orders = source(s3, "Orders").await;
    let (anomalies, bucket) = enrichment(s3, "Anomalies").await;
    let created = client.create_datastore(with_new(orders, anomalies)).await;
    let created = sent(created);
    let connection = created.connection.clone().expect("a connection");
    assert_eq!(connection.state(), ConnectionState::Passed);
    let second = get(&mut client, &created.enrichment_datastore)
        .await
        .expect("it works");
    for (datastore, checks) in [(&created, 3), (&second, 7)] {
        let connection = datastore.connection.clone().expect("a connection");
        assert_eq!(connection.state(), ConnectionState::Passed);
        assert_eq!(connection.since, connection.last_test_time);
        assert_eq!(
            history(&mut client, &datastore.name).await,
            [connection.last_test.as_str()]
        );
        let test = kept(&mut client, &connection.last_test).await;
        let report = test.report.expect("a report");
        assert_eq!(
            (report.outcome(), report.checks.len()),
            (Outcome::Passed, checks)
        );
        assert_eq!(
            (test.role, test.name),
            (datastore.role, connection.last_test)
        );
    }
    assert_holds(s3, &bucket, &[]).await;
    let before = all(&mut client).await;

    let policy = policies::enrichment_without(&bucket, "s3:DeleteObject", s3.kind());
    let keys = s3.user(&policy).await;
    let crippled = enrichment_at(s3, "Crippled", &bucket, &keys);
    let alone = client.create_datastore(tested(crippled.clone())).await;
    let refusal = refused(alone, ErrorReason::ConnectionTestFailed);
    assert_eq!(refusal.metadata["missing_actions"], "s3:DeleteObject");
    assert_eq!(refusal.metadata["field"], "datastore");
    assert!(
        refusal.message.contains("s3:DeleteObject"),
        "{}",
        refusal.message
    );
    let violations = refusal.details.precondition_failure().expect("violations");
    assert!(
        violations.violations[0]
            .description
            .contains("Grant s3:DeleteObject")
    );
    let test = kept(&mut client, &refusal.metadata["connection_test"]).await;
    assert_eq!(
        test.report.expect("a report").missing_actions,
        ["s3:DeleteObject"]
    );

    let customers = source(s3, "Customers").await;
    let pair = pb::CreateDatastoreRequest {
        share_prefix: true,
        ..with_new(customers, crippled.clone())
    };
    let pair = client.create_datastore(pair).await;
    let refusal = refused(pair, ErrorReason::ConnectionTestFailed);
    assert_eq!(refusal.metadata["field"], "new_enrichment.datastore");
    assert_eq!(all(&mut client).await, before);
    assert_holds(s3, &bucket, &[]).await;

    let waived = pb::CreateDatastoreRequest {
        skip_connection_test: true,
        ..tested(crippled)
    };
    let waived = sent(client.create_datastore(waived).await);
    let connection = waived.connection.expect("a connection");
    assert_eq!(connection.state(), ConnectionState::Untested);
}

#[tokio::test]
async fn on_moto_what_passes_is_stored_and_what_lacks_an_action_is_not() {
    what_passes_is_stored_and_what_lacks_an_action_is_not(lab::moto().await.as_ref()).await;
}

#[tokio::test]
async fn on_seaweedfs_what_passes_is_stored_and_what_lacks_an_action_is_not() {
    what_passes_is_stored_and_what_lacks_an_action_is_not(lab::seaweedfs().await.as_ref()).await;
}

#[tokio::test]
async fn a_test_that_has_passed_proves_just_what_it_was_of() {
    let s3 = lab::moto().await;
    let (server, mut client) = start().await;
    let (proxy, bucket, config) = behind_a_proxy(&s3).await;
    let passed = report(&server, config.clone(), pb::Role::Enrichment).await;
    assert_eq!(passed.outcome(), Outcome::Passed);
    let of = |name: &str, role, config: &pb::S3Config, test: &str| pb::CreateDatastoreRequest {
        connection_test: test.to_owned(),
        ..tested(datastore(name, role, config.clone()))
    };
    let mut changed = Vec::new();
    let mut other = config.clone();
    other.uri.push_str("/deeper");
    changed.push((pb::Role::Enrichment, other));
    let mut other = config.clone();
    other.region = "eu-central-1".to_owned();
    changed.push((pb::Role::Enrichment, other));
    let keys = s3.user(&policies::enrichment(&bucket)).await;
    let other = crate::connection::through(proxy.endpoint(), &config.uri, &keys);
    changed.push((pb::Role::Enrichment, other));
    changed.push((pb::Role::Source, config.clone()));
    let calls = calls_of(&proxy);
    for (role, config) in changed {
        let answer = client
            .create_datastore(of("Other", role, &config, &passed.name))
            .await;
        let refusal = refused(answer, ErrorReason::ConnectionTestNotOfThis);
        assert_eq!(refusal.metadata["connection_test"], passed.name);
        assert_eq!(refusal.metadata["field"], "connection_test");
    }
    let unknown = format!("connectionTests/{}", new_request_id());
    let answer = of("Other", pb::Role::Enrichment, &config, &unknown);
    let answer = client.create_datastore(answer).await;
    refused(answer, ErrorReason::ConnectionTestNotFound);

    let created = of("Anomalies", pb::Role::Enrichment, &config, &passed.name);
    let created = sent(client.create_datastore(created).await);
    let connection = created.connection.expect("a connection");
    assert_eq!(connection.state(), ConnectionState::Passed);
    assert!(connection.last_test.ends_with(&passed.test_id));
    assert_eq!(calls_of(&proxy), calls, "S3 was not asked again");
}

#[tokio::test]
async fn a_test_that_has_not_passed_proves_nothing() {
    let s3 = lab::moto().await;
    let (server, mut client) = start().await;
    let bucket = s3.bucket().await;
    let keys = s3.user(&policies::source(&bucket)).await;
    let config = crate::connection::config(&s3, &format!("s3://{bucket}/empty"), &keys);
    // Nothing is there to be read, and the store is not Amazon's.
    let empty = datastore("Empty", pb::Role::Source, config.clone());
    let refusal = client.create_datastore(tested(empty.clone())).await;
    let refusal = refused(refusal, ErrorReason::ConnectionTestInconclusive);
    assert!(
        refusal.message.contains("There is no object") && !refusal.message.contains(".;"),
        "{}",
        refusal.message
    );
    let failed = report(&server, config.clone(), pb::Role::Enrichment).await;
    assert_eq!(failed.outcome(), Outcome::Failed);
    let named = pb::CreateDatastoreRequest {
        connection_test: failed.name,
        ..tested(datastore("Empty", pb::Role::Enrichment, config))
    };
    let refusal = refused(
        client.create_datastore(named).await,
        ErrorReason::ConnectionTestFailed,
    );
    assert!(refusal.metadata["missing_actions"].contains("s3:DeleteObject"));
    assert_eq!(all(&mut client).await, []);
}

#[tokio::test]
async fn a_changed_connection_is_tested_and_a_changed_name_is_not() {
    let s3 = lab::moto().await;
    let (_server, mut client) = start().await;
    let (proxy, bucket, config) = behind_a_proxy(&s3).await;
    let anomalies = datastore("Anomalies", pb::Role::Enrichment, config.clone());
    let created = sent(client.create_datastore(tested(anomalies)).await);
    let calls = calls_of(&proxy);
    let test = |mut datastore: pb::Datastore, paths: &[&str]| {
        datastore.etag.clear();
        pb::UpdateDatastoreRequest {
            skip_connection_test: false,
            ..change(datastore, paths)
        }
    };
    let mut renamed = created.clone();
    renamed.display_name = "Errors".to_owned();
    let renamed = sent(
        client
            .update_datastore(test(renamed, &["display_name"]))
            .await,
    );
    assert_eq!(renamed.connection, created.connection);
    // The same values again are no change.
    let mut same = created.clone();
    same.config = Some(pb::datastore::Config::S3(config.clone()));
    let same = sent(client.update_datastore(test(same, &["s3"])).await);
    assert_eq!(same.connection, created.connection);
    assert_eq!(calls_of(&proxy), calls, "nothing was tested");

    let policy = policies::enrichment_without(&bucket, "s3:GetObject", s3.kind());
    let weaker = s3.user(&policy).await;
    let mut worse = created.clone();
    let config = crate::connection::through(proxy.endpoint(), &config.uri, &weaker);
    worse.config = Some(pb::datastore::Config::S3(config));
    let answer = client.update_datastore(test(worse.clone(), &["s3"])).await;
    let refusal = refused(answer, ErrorReason::ConnectionTestFailed);
    assert_eq!(refusal.metadata["missing_actions"], "s3:GetObject");
    assert_eq!(
        get(&mut client, &created.name).await.expect("it works"),
        same
    );

    let keys = s3.user(&policies::enrichment(&bucket)).await;
    let mut better = created.clone();
    let uri = format!("s3://{bucket}/elsewhere");
    let config = crate::connection::through(proxy.endpoint(), &uri, &keys);
    better.config = Some(pb::datastore::Config::S3(config));
    let better = sent(client.update_datastore(test(better, &["s3"])).await);
    let (now, before) = (
        better.connection.expect("it works"),
        created.connection.expect("it works"),
    );
    assert_eq!(now.state(), ConnectionState::Passed);
    assert_ne!(now.last_test, before.last_test);
    let expected = [now.last_test, before.last_test];
    assert_eq!(history(&mut client, &created.name).await, expected);

    worse.etag.clear();
    let waived = sent(client.update_datastore(change(worse, &["s3"])).await);
    assert_eq!(
        waived.connection.expect("it works").state(),
        ConnectionState::Untested
    );
}

#[tokio::test]
async fn a_retried_create_is_not_tested_again_and_a_refused_name_not_at_all() {
    let s3 = lab::moto().await;
    let (_server, mut client) = start().await;
    let (proxy, _, config) = behind_a_proxy(&s3).await;
    let request = pb::CreateDatastoreRequest {
        request_id: new_request_id(),
        ..tested(datastore("Anomalies", pb::Role::Enrichment, config.clone()))
    };
    let first = sent(client.create_datastore(request.clone()).await);
    let calls = calls_of(&proxy);
    assert_eq!(sent(client.create_datastore(request).await), first);
    let taken = tested(datastore("Anomalies", pb::Role::Enrichment, config.clone()));
    let answer = client.create_datastore(taken).await;
    refused(answer, ErrorReason::DisplayNameTaken);
    let trial = pb::CreateDatastoreRequest {
        validate_only: true,
        ..tested(datastore("Other", pb::Role::Enrichment, config.clone()))
    };
    sent(client.create_datastore(trial).await);
    sent(
        client
            .create_datastore(creation(datastore("Waived", pb::Role::Enrichment, config)))
            .await,
    );
    assert_eq!(calls_of(&proxy), calls, "nothing was tested");
}

#[tokio::test]
async fn a_create_whose_caller_goes_away_stores_nothing_and_leaves_nothing() {
    let s3 = lab::moto().await;
    let (server, mut client) = start().await;
    let (proxy, bucket, config) = behind_a_proxy(&s3).await;
    let held = proxy.hold("GetObject");
    let request = tested(datastore("Anomalies", pb::Role::Enrichment, config));
    let mut caller = client.clone();
    let create = tokio::spawn(async move { caller.create_datastore(request).await });
    held.one_waits().await;
    create.abort();
    held.release();
    crate::connection::logged(&server, "connection test ended").await;
    assert_eq!(all(&mut client).await, []);
    assert_holds(&s3, &bucket, &[]).await;
}

#[tokio::test]
async fn a_server_with_room_for_one_test_creates_a_pair() {
    let s3 = lab::moto().await;
    let server = crate::server::Datastored::start(&["--max-concurrent-tests", "1"]);
    let mut client = server.client().await;
    for number in 0..5 {
        let orders = source(&s3, &format!("Orders {number}")).await;
        let (anomalies, _) = enrichment(&s3, &format!("Anomalies {number}")).await;
        sent(client.create_datastore(with_new(orders, anomalies)).await);
    }
}
