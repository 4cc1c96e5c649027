//! `sample_key` makes `get object` conclusive where list is denied and where the prefix is empty.

use datastored::pb::{self, Check, FindingReason, Verdict};
use tonic::Code;

use super::{check, finding, report_with};
use crate::connection::watch::watch_with;
use crate::connection::{behind_a_proxy, config, put, refusal};
use crate::lab::proxy::Reply;
use crate::lab::{self, Server, policies};
use crate::server::Datastored;

fn sample(key: &str) -> pb::TestConnectionRequest {
    pb::TestConnectionRequest {
        sample_key: key.to_owned(),
        ..pb::TestConnectionRequest::default()
    }
}

/// The verdict about get, with this sample, of a user that holds these actions alone.
async fn get(server: &Datastored, s3: &Server, actions: &[&str], key: &str) -> pb::CheckResult {
    let bucket = s3.bucket().await;
    put(s3, &bucket, "data/a.csv", b"a,b").await;
    put(s3, &bucket, "data/empty.csv", b"").await;
    let keys = s3.user(&policies::allowing(&bucket, actions)).await;
    let config = config(s3, &format!("s3://{bucket}"), &keys);
    let report = report_with(server, config, pb::Role::Source, sample(key)).await;
    check(&report, Check::GetObject)
}

async fn a_sample_settles_get(s3: &Server) {
    let server = Datastored::start(&[]);
    for key in ["data/a.csv", "data/empty.csv"] {
        let able = get(&server, s3, &["s3:GetObject"], key).await;
        assert_eq!(able.verdict(), Verdict::Passed, "{key}: {able:?}");
        let unable = get(&server, s3, &["s3:ListBucket"], key).await;
        assert_eq!(unable.verdict(), Verdict::Failed, "{key}: {unable:?}");
        let neither = get(&server, s3, &["s3:PutObject"], key).await;
        assert_ne!(neither.verdict(), Verdict::Passed, "{key}: {neither:?}");
    }
    // A key that is not there: for who may list it is known to be the sample's fault.
    let wrong = get(&server, s3, &["s3:GetObject", "s3:ListBucket"], "data/none").await;
    assert_eq!(wrong.verdict(), Verdict::Inconclusive, "{wrong:?}");
    let reason = wrong.finding.expect("a reason").reason();
    assert_eq!(reason, FindingReason::NoObjectToRead);
}

#[tokio::test]
async fn on_moto_a_sample_settles_get() {
    a_sample_settles_get(lab::moto().await.as_ref()).await;
}

#[tokio::test]
async fn on_seaweedfs_a_sample_settles_get() {
    a_sample_settles_get(lab::seaweedfs().await.as_ref()).await;
}

/// From those who may not list, S3 hides whether a key exists, so a 403 for a sample may mean that it is not there.
#[tokio::test]
async fn a_refused_sample_that_may_be_missing_is_no_missing_right() {
    let server = Datastored::start(&[]);
    let s3 = lab::moto().await;
    let bucket = s3.bucket().await;
    let keys = s3.user(&policies::nothing()).await;
    let config = config(&s3, &format!("s3://{bucket}"), &keys);
    let report = report_with(&server, config, pb::Role::Source, sample("none.csv")).await;
    let get = check(&report, Check::GetObject);
    assert_eq!(get.verdict(), Verdict::Inconclusive, "{get:?}");
    let get = finding(&report, Check::GetObject);
    assert_eq!(get.reason(), FindingReason::AccessDenied);
    let said = format!("{} {}", get.title, get.remedy);
    assert!(said.contains("none.csv"), "{said}");
    assert!(said.contains("s3:GetObject"), "{said}");
    assert!(!report.missing_actions.contains(&"s3:GetObject".to_owned()));
}

/// To who may list only under a prefix AWS answers 403 for a missing key, because a GET has no prefix.
#[tokio::test]
async fn a_listing_tells_a_refused_sample_from_a_missing_one() {
    let server = Datastored::start(&[]);
    let s3 = lab::moto().await;
    for (key, verdict, reason) in [
        (
            "data/none.csv",
            Verdict::Inconclusive,
            FindingReason::NoObjectToRead,
        ),
        ("data/a.csv", Verdict::Failed, FindingReason::AccessDenied),
    ] {
        let (proxy, bucket, mut config) = behind_a_proxy(&s3).await;
        config.uri.push_str("/data");
        put(&s3, &bucket, "data/a.csv", b"a,b").await;
        // The listing is of all keys that begin so; a neighbour is not the sample.
        put(&s3, &bucket, &format!("{key}.old"), b"a,b").await;
        let denial = Reply::error(403, "AccessDenied", "Access Denied");
        proxy.answer("GetObject", denial);
        let report = report_with(&server, config, pb::Role::Source, sample(key)).await;
        let get = check(&report, Check::GetObject);
        assert_eq!(get.verdict(), verdict, "{key}: {get:?}");
        assert_eq!(finding(&report, Check::GetObject).reason(), reason, "{key}");
        assert_eq!(proxy.calls("ListObjectsV2"), 2);
    }
}

#[tokio::test]
async fn a_sample_that_is_read_costs_no_listing_of_its_own() {
    let server = Datastored::start(&[]);
    let s3 = lab::s3s().await;
    let (proxy, bucket, config) = behind_a_proxy(&s3).await;
    put(&s3, &bucket, "a.csv", b"a,b").await;
    let report = report_with(&server, config, pb::Role::Source, sample("a.csv")).await;
    super::assert_passed(&report);
    assert_eq!(proxy.calls("ListObjectsV2"), 1);
}

/// A refusal that names the action, as AWS's long message does, tells without a listing.
#[tokio::test]
async fn a_refused_sample_is_a_missing_right_where_s3_names_it() {
    let server = Datastored::start(&[]);
    let s3 = lab::s3s().await;
    let unable = get(&server, &s3, &["s3:PutObject"], "data/a.csv").await;
    assert_eq!(unable.verdict(), Verdict::Failed, "{unable:?}");
}

/// For a missing key AWS blames the right to list, where that is not there to tell.
#[tokio::test]
async fn a_sample_that_is_refused_for_want_of_listing_is_missing() {
    let server = Datastored::start(&[]);
    let s3 = lab::moto().await;
    let (proxy, bucket, config) = behind_a_proxy(&s3).await;
    let message = format!(
        "User: arn:aws:iam::111122223333:user/x is not authorized to perform: s3:ListBucket on resource: \"arn:aws:s3:::{bucket}\" because no identity-based policy allows the s3:ListBucket action"
    );
    for operation in ["ListObjectsV2", "GetObject"] {
        proxy.answer(operation, Reply::error(403, "AccessDenied", &message));
    }
    let report = report_with(&server, config, pb::Role::Source, sample("none.csv")).await;
    let get = check(&report, Check::GetObject);
    assert_eq!(get.verdict(), Verdict::Inconclusive, "{get:?}");
    assert_eq!(report.missing_actions, ["s3:ListBucket"]);
}

#[tokio::test]
async fn a_sample_outside_the_prefix_is_refused() {
    let server = Datastored::start(&[]);
    let s3 = lab::moto().await;
    let bucket = s3.bucket().await;
    let keys = s3.user(&policies::enrichment(&bucket)).await;
    for key in ["elsewhere/a.csv", "datax/a.csv", "\u{7}"] {
        let config = config(&s3, &format!("s3://{bucket}/data"), &keys);
        let started = watch_with(&server, config, pb::Role::Source, sample(key)).await;
        let status = started.err().expect("it is refused");
        let (code, _, details) = refusal(&status);
        assert_eq!(code, Code::InvalidArgument);
        let fields = details
            .bad_request()
            .expect("fields")
            .field_violations
            .clone();
        assert_eq!(fields[0].field, "sample_key");
    }
}
