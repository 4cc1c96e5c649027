//! The verdicts are those of the role, whatever the base user may do, and one call of STS serves a whole test.

use datastored::pb::{self, Outcome, Verdict};

use super::{Stage, role_mut};
use crate::connection::watch::{start, verdicts, watch};
use crate::connection::{assert_holds, config, put, report};
use crate::lab::proxy::Proxy;
use crate::lab::{self, Kind, policies};
use crate::server::{Datastored, datastore};

#[track_caller]
fn assert_passed(report: &pb::ConnectionTestReport) {
    assert_eq!(report.connection_finding, None);
    let passed = |check: &pb::CheckResult| check.verdict() == Verdict::Passed;
    assert!(report.checks.iter().all(passed), "{:?}", verdicts(report));
    assert_eq!(report.outcome(), Outcome::Passed);
    assert_eq!(report.residue, []);
    assert_eq!(report.missing_actions, Vec::<String>::new());
}

#[tokio::test]
async fn a_role_passes_all_checks_though_the_user_that_assumes_it_has_no_right_of_s3() {
    let server = Datastored::start(&[]);
    let s3 = lab::moto().await;
    let stage = Stage::new(&s3).await;
    put(&s3, &stage.bucket, "anomalies/a.csv", b"a,b").await;
    let assumed = stage.config(s3.endpoint(), s3.endpoint());
    for role in [pb::Role::Source, pb::Role::Enrichment] {
        assert_passed(&report(&server, assumed.clone(), role).await);
    }
    let uri = format!("s3://{}/anomalies", stage.bucket);
    let bare = config(&s3, &uri, &stage.keys);
    let bare = report(&server, bare, pb::Role::Enrichment).await;
    let passed = |check: &&pb::CheckResult| check.verdict() == Verdict::Passed;
    assert_eq!(bare.checks.iter().find(passed), None);
    assert_holds(&s3, &stage.bucket, &["anomalies/a.csv"]).await;
}

#[tokio::test]
async fn a_right_that_the_role_lacks_fails_exactly_its_check_and_is_no_refusal_of_sts() {
    let server = Datastored::start(&[]);
    let s3 = lab::moto().await;
    for action in policies::PROVEN {
        let without = |bucket: &str| policies::enrichment_without(bucket, action, Kind::Moto);
        let stage = Stage::with(&s3, None, without).await;
        let config = stage.config(s3.endpoint(), s3.endpoint());
        let report = report(&server, config, pb::Role::Enrichment).await;
        assert_eq!(report.connection_finding, None, "{action}");
        let failed = |check: &&pb::CheckResult| check.verdict() == Verdict::Failed;
        let failed: Vec<_> = report.checks.iter().filter(failed).collect();
        let actions: Vec<_> = failed.iter().map(|check| &*check.action).collect();
        assert_eq!(actions, [action], "{:?}", verdicts(&report));
        assert_eq!(report.missing_actions, [action]);
        assert_holds(&s3, &stage.bucket, &[]).await;
    }
}

#[tokio::test]
async fn a_test_asks_sts_once_however_many_calls_of_s3_wait_for_it() {
    let server = Datastored::start(&[]);
    let s3 = lab::moto().await;
    let stage = Stage::new(&s3).await;
    for role in [pb::Role::Source, pb::Role::Enrichment] {
        let proxy = Proxy::start(s3.endpoint()).await;
        let held = proxy.hold("AssumeRole");
        let config = stage.config(s3.endpoint(), proxy.endpoint());
        let watched = watch(&server, config, role).await;
        held.one_waits().await;
        held.release();
        let report = watched.ended().await;
        assert_eq!(report.connection_finding, None, "{report:?}");
        assert_eq!(proxy.calls("AssumeRole"), 1, "{role:?}");
    }
}

#[tokio::test]
async fn the_external_id_the_session_name_and_the_duration_are_sent() {
    let server = Datastored::start(&[]);
    let s3 = lab::moto().await;
    let stage = Stage::with(&s3, Some("partner/42"), policies::enrichment).await;
    let mut config = stage.config(s3.endpoint(), s3.endpoint());
    let proxy = Proxy::start(s3.endpoint()).await;
    let role = role_mut(&mut config);
    "partner/42".clone_into(&mut role.external_id);
    "team-1@example.com".clone_into(&mut role.session_name);
    role.duration = Some(prost_types::Duration {
        seconds: 900,
        nanos: 0,
    });
    proxy.endpoint().clone_into(&mut role.sts_endpoint);
    assert_passed(&report(&server, config, pb::Role::Enrichment).await);
    let sent = proxy.bodies("AssumeRole").remove(0);
    for parameter in [
        "ExternalId=partner%2F42",
        "RoleSessionName=team-1%40example.com",
        "DurationSeconds=900",
    ] {
        assert!(sent.contains(parameter), "{parameter} is not in {sent}");
    }
}

#[tokio::test]
async fn a_saved_datastore_assumes_its_role_also_after_a_restart() {
    let s3 = lab::moto().await;
    let stage = Stage::new(&s3).await;
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let server = Datastored::start_in(folder.path(), &[]);
    let request = pb::CreateDatastoreRequest {
        datastore: Some(datastore(
            "Anomalies",
            pb::Role::Enrichment,
            stage.config(s3.endpoint(), s3.endpoint()),
        )),
        ..pb::CreateDatastoreRequest::default()
    };
    let created = server.client().await.create_datastore(request).await;
    let name = created.expect("it is created").into_inner().name;
    server.signal(rustix::process::Signal::TERM);
    server.ended().await;
    let server = Datastored::start_in(folder.path(), &[]);
    let target = pb::test_connection_request::Target::Name(name);
    let started = start(&server, target, pb::Role::Unspecified).await;
    let secrets = vec![stage.keys.secret_access_key.clone()];
    let mut watched =
        crate::connection::watch::Watched::new(started.expect("the test starts"), secrets);
    watched.take_started(pb::Role::Enrichment).await;
    assert_passed(&watched.ended().await);
}
