//! What a test is of: a saved datastore by its name, or one that is not saved, in its own role or another.

use datastored::pb::test_connection_request::Target;
use datastored::pb::{self, Role};
use tonic::Code;

use super::watch::{Watched, secrets_of, start};
use super::{config, put, refusal, report, verdicts};
use crate::lab::{self, policies};
use crate::server::{Datastored, datastore};

async fn save(server: &Datastored, name: &str, role: Role, s3: pb::S3Config) -> pb::Datastore {
    let request = pb::CreateDatastoreRequest {
        datastore: Some(datastore(name, role, s3)),
        skip_connection_test: true,
        ..pb::CreateDatastoreRequest::default()
    };
    let mut client = server.client().await;
    let created = client.create_datastore(request).await;
    created.expect("it can be created").into_inner()
}

/// The report without what differs from test to test.
fn timeless(mut report: pb::ConnectionTestReport) -> pb::ConnectionTestReport {
    report.test_id.clear();
    report.name.clear();
    report.start_time = None;
    report.duration = None;
    for evidence in report.checks.iter_mut().filter_map(|c| c.evidence.as_mut()) {
        evidence.request_id.clear();
        evidence.duration = None;
    }
    report
}

#[tokio::test]
async fn a_saved_datastore_has_the_report_of_the_same_one_unsaved_and_another_role_its_own() {
    let (s3, server) = (lab::moto().await, Datastored::start(&[]));
    let bucket = s3.bucket().await;
    put(&s3, &bucket, "in/a.csv", b"a,b").await;
    let policy = policies::enrichment_without(&bucket, "s3:ListMultipartUploadParts", s3.kind());
    let config = config(&s3, &format!("s3://{bucket}/in"), &s3.user(&policy).await);
    let saved = save(&server, "in", Role::Source, config.clone()).await;
    for (asked, tested) in [
        (Role::Unspecified, Role::Source),
        (Role::Source, Role::Source),
        (Role::Enrichment, Role::Enrichment),
    ] {
        let target = Target::Name(saved.name.clone());
        let stream = start(&server, target, asked).await.unwrap();
        let mut watched = Watched::new(stream, secrets_of(&config));
        watched.take_started(tested).await;
        assert_eq!(watched.uri, format!("s3://{bucket}/in/"));
        let of_saved = timeless(watched.ended().await);
        let of_unsaved = timeless(report(&server, config.clone(), tested).await);
        assert_eq!(of_saved, of_unsaved, "{asked:?}");
        let passes = tested == Role::Source;
        assert_eq!(of_saved.outcome() == pb::Outcome::Passed, passes);
    }
}

#[tokio::test]
async fn the_role_of_the_request_goes_before_that_of_an_unsaved_datastore() {
    let (s3, server) = (lab::s3s().await, Datastored::start(&[]));
    let bucket = s3.bucket().await;
    let keys = s3.user(&policies::enrichment(&bucket)).await;
    let config = config(&s3, &format!("s3://{bucket}"), &keys);
    for own in [Role::Source, Role::Unspecified] {
        let target = Target::Datastore(datastore("", own, config.clone()));
        let stream = start(&server, target, Role::Enrichment).await.unwrap();
        let mut watched = Watched::new(stream, secrets_of(&config));
        watched.take_started(Role::Enrichment).await;
        assert_eq!(verdicts(&watched.ended().await).len(), 7, "{own:?}");
    }
}

#[tokio::test]
async fn an_unknown_name_is_not_found() {
    let server = Datastored::start(&[]);
    let target = Target::Name("datastores/nobody".to_owned());
    let refused = start(&server, target, Role::Source).await;
    let (code, reason, details) = refusal(&refused.expect_err("it is refused"));
    assert_eq!((code, &*reason), (Code::NotFound, "DATASTORE_NOT_FOUND"));
    let resource = details.resource_info().expect("the resource is named");
    assert_eq!(resource.resource_name, "datastores/nobody");
}

#[tokio::test]
async fn everything_that_a_request_lacks_is_listed_at_once() {
    let server = Datastored::start(&[]);
    let bare = |role: Role, uri: &str| {
        let s3 = pb::S3Config {
            uri: uri.to_owned(),
            ..pb::S3Config::default()
        };
        Some(Target::Datastore(datastore("", role, s3)))
    };
    let (uri, credentials) = ("datastore.s3.uri", "datastore.s3.credentials");
    for (target, role, fields) in [
        (None, Role::Unspecified as i32, vec!["target"]),
        (None, 77, vec!["role", "target"]),
        (
            bare(Role::Unspecified, ""),
            0,
            vec![credentials, uri, "role"],
        ),
        (bare(Role::Source, "s3://b"), 0, vec![credentials, uri]),
        (bare(Role::Source, "s3://bucket"), 0, vec![credentials]),
    ] {
        let request = pb::TestConnectionRequest {
            target,
            role,
            ..pb::TestConnectionRequest::default()
        };
        let mut client = server.client().await;
        let refused = client.test_connection(request.clone()).await;
        let (code, reason, details) = refusal(&refused.expect_err("it is refused"));
        assert_eq!((code, &*reason), (Code::InvalidArgument, "INVALID_FIELDS"));
        let listed = details.bad_request().expect("the fields are listed");
        let mut found: Vec<&str> = listed.field_violations.iter().map(|v| &*v.field).collect();
        found.sort_unstable();
        assert_eq!(found, fields, "{request:?}");
    }
}
