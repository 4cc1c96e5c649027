//! In a versioned bucket an answer that is lost takes the id of a version with it: what there may be is listed, here and in later reports.

use std::collections::BTreeSet;

use datastored::pb::{self, Role, Verdict};
use rustix::process::Signal;
use tempfile::TempDir;

use super::stop;
use crate::connection::remedy::carry_out;
use crate::connection::versions::{left_in, versioned_bucket};
use crate::connection::watch::{Watched, watch};
use crate::connection::{behind_a_proxy, logged, report, through};
use crate::lab::proxy::{Held, Proxy, Reply, release};
use crate::lab::rule::Rule;
use crate::lab::{self, Server, eventually, policies};
use crate::server::Datastored;

async fn versioned(s3: &Server) -> (Proxy, String, pb::S3Config) {
    let bucket = versioned_bucket(s3).await;
    let keys = s3.user(&policies::enrichment(&bucket)).await;
    let proxy = Proxy::start(s3.endpoint()).await;
    let config = through(proxy.endpoint(), &format!("s3://{bucket}/here"), &keys);
    (proxy, bucket, config)
}

/// A test of a versioned bucket whose canary and upload are in it, with the calls that would go on held.
async fn midway(server: &Datastored, proxy: &Proxy, config: &pb::S3Config) -> (Watched, [Held; 2]) {
    let held = [proxy.hold("GetObject"), proxy.hold("ListParts")];
    let watched = watch(server, config.clone(), Role::Enrichment).await;
    for held in &held {
        held.one_waits().await;
    }
    (watched, held)
}

/// Each piece that is in the bucket is listed, by its id.
async fn assert_names_all(s3: &Server, bucket: &str, report: &pb::ConnectionTestReport) {
    let named = report.residue.iter();
    let named: BTreeSet<_> = named
        .map(|r| (r.key.clone(), r.version_id.clone()))
        .collect();
    let left = left_in(s3, bucket).await;
    assert!(named.is_superset(&left), "{left:?}: {:?}", report.residue);
}

/// The commands of a report leave nothing in the bucket.
async fn assert_removes_all(
    s3: &Server,
    proxy: &Proxy,
    bucket: &str,
    report: &pb::ConnectionTestReport,
) {
    proxy.mend();
    for residue in &report.residue {
        carry_out(s3, proxy.endpoint(), &residue.remedy).await;
    }
    assert_eq!(left_in(s3, bucket).await, BTreeSet::new());
}

#[tokio::test]
async fn a_marker_whose_delete_lost_its_answer_is_listed() {
    let s3 = lab::seaweedfs().await;
    let server = Datastored::start(&[]);
    let (proxy, bucket, config) = versioned(&s3).await;
    proxy.lose_first_answer("DeleteObject");
    let report = report(&server, config, Role::Enrichment).await;
    assert_eq!(report.outcome(), pb::Outcome::Passed);
    assert_removes_all(&s3, &proxy, &bucket, &report).await;
}

/// Where versions may not be listed, the command that does is all that can be said.
#[tokio::test]
async fn a_marker_that_may_not_be_listed_either_is_listed_with_the_command_that_finds_it() {
    let s3 = lab::seaweedfs().await;
    let server = Datastored::start(&[]);
    let (proxy, bucket, config) = versioned(&s3).await;
    proxy.lose_first_answer("DeleteObject");
    let denied = Reply::error(403, "AccessDenied", "Access Denied");
    proxy.answer("ListObjectVersions", denied);
    let report = report(&server, config, Role::Enrichment).await;
    let mut unnamed = report.residue.iter();
    let unnamed = unnamed.find(|r| r.version_id.is_empty());
    let cause = &unnamed.expect("what is not named is listed too").cause;
    assert!(cause.contains("an answer was lost"), "{cause}");
    assert_removes_all(&s3, &proxy, &bucket, &report).await;
}

#[tokio::test]
async fn a_marker_whose_delete_is_never_answered_is_listed() {
    let s3 = lab::seaweedfs().await;
    let server = Datastored::start(&["--check-timeout", "1s", "--cleanup-timeout", "1s"]);
    let (proxy, bucket, config) = versioned(&s3).await;
    let _kept = proxy.keep_answers("DeleteObject");
    let first = report(&server, config.clone(), Role::Enrichment).await;
    let remedies: Vec<_> = first.residue.iter().map(|r| r.remedy.as_str()).collect();
    assert!(remedies.iter().any(|r| r.contains("list-object-versions")));
    assert!(!left_in(&s3, &bucket).await.is_empty());
    // Asked once more, the store names a marker; then there is nothing more to find out.
    proxy.mend();
    logged(&server, "do not allow listing them").await;
    let second = report(&server, config, Role::Source).await;
    assert_removes_all(&s3, &proxy, &bucket, &second).await;
}

/// A bucket that answers without the id of a version has none, whatever else is lost.
#[tokio::test]
async fn a_bucket_without_versions_is_not_said_to_have_some() {
    let server = Datastored::start(&["--check-timeout", "2s"]);
    for s3 in [lab::s3s().await, lab::moto().await, lab::seaweedfs().await] {
        let (proxy, _, config) = behind_a_proxy(&s3).await;
        proxy.lose_first_answer("DeleteObject");
        let once = report(&server, config, Role::Enrichment).await;
        assert_eq!(once.residue, [], "{:?}", s3.kind());

        // The guard is cut off; the cleaning up is answered.
        let (proxy, _, config) = behind_a_proxy(&s3).await;
        let held = proxy.hold("DeleteObject");
        let mut watched = watch(&server, config, Role::Enrichment).await;
        held.one_waits().await;
        let verdict = watched.until_ended(pb::Check::DeleteObject).await;
        assert_eq!(verdict, Verdict::Inconclusive);
        held.release();
        assert_eq!(watched.ended().await.residue, [], "{:?}", s3.kind());
    }
}

/// The cleaning up finds that it may not remove a marker, writes down the next one, and is killed then.
#[tokio::test]
async fn what_could_not_be_removed_is_still_known_after_a_crash_of_the_cleaning_up() {
    let s3 = lab::seaweedfs().await;
    let folder = TempDir::new().expect("a temporary folder can be made");
    let server = Datastored::start_in(folder.path(), &[]);
    let (proxy, bucket, config) = versioned(&s3).await;
    let (watched, held) = midway(&server, &proxy, &config).await;
    proxy.mend();
    // The removals of a version, which is denied, and of the object pass; the next one is held.
    proxy.rule("DeleteObject", Rule::header("x-passed", "1").first(2));
    let third = proxy.hold("DeleteObject");
    drop(watched);
    logged(&server, "its reader has gone").await;
    release(&held);
    third.one_waits().await;
    server.signal(Signal::KILL);
    server.ended().await;
    third.none_waits().await;
    proxy.mend();
    let server = Datastored::start_in(folder.path(), &[]);
    let next = report(&server, config, Role::Source).await;
    assert_names_all(&s3, &bucket, &next).await;
    stop(server).await;
}

/// A sweep waits for its next attempt while another test finds out more.
#[tokio::test]
async fn a_sweep_does_not_forget_what_a_later_test_has_learnt() {
    let s3 = lab::seaweedfs().await;
    let server = Datastored::start(&[]);
    let (proxy, bucket, config) = versioned(&s3).await;
    let (watched, held) = midway(&server, &proxy, &config).await;
    proxy.mend();
    let refused = Reply::error(400, "InvalidRequest", "no");
    proxy.answer("DeleteObject", refused.clone());
    release(&held);
    watched.ended().await;
    let swept = "has left something in a bucket";
    logged(&server, swept).await;
    // The removals of a version, which is denied, and of the object pass: that makes a marker.
    proxy.mend();
    proxy.rule("DeleteObject", Rule::header("x-passed", "1").first(2));
    proxy.answer("DeleteObject", refused);
    let second = report(&server, config.clone(), Role::Source).await;
    assert_names_all(&s3, &bucket, &second).await;
    let times = || server.log().matches(swept).count();
    let before = times();
    eventually("the sweep tries again", || async { times() > before }).await;
    proxy.mend();
    let third = report(&server, config, Role::Source).await;
    assert_names_all(&s3, &bucket, &third).await;
}
