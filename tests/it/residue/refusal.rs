//! What may not be removed stays listed, in later reports and across a restart, until it is gone: then the next test strikes it off.

use std::collections::BTreeSet;

use datastored::model::credentials::Credentials;
use datastored::pb::{self, Role};
use tempfile::TempDir;

use super::{Midway, ledger, midway, removals_of, stop};
use crate::connection::remedy::carry_out;
use crate::connection::versions::{left_in, versioned_bucket};
use crate::connection::{assert_holds, config, report};
use crate::lab::proxy::{Reply, release};
use crate::lab::{self, Server, policies};
use crate::server::Datastored;

type Pieces = BTreeSet<(String, String)>;

/// The key and version id of each piece that a report lists; each is listed once.
fn listed(report: &pb::ConnectionTestReport) -> Pieces {
    let pieces = report.residue.iter();
    let pieces: Pieces = pieces
        .map(|r| (r.key.clone(), r.version_id.clone()))
        .collect();
    assert_eq!(pieces.len(), report.residue.len(), "{:?}", report.residue);
    pieces
}

async fn versions_that_may_not_be_deleted_stay_listed_until_they_are_gone(s3: &Server) {
    let folder = TempDir::new().expect("a temporary folder can be made");
    let server = Datastored::start_in(folder.path(), &[]);
    let bucket = versioned_bucket(s3).await;
    let uri = format!("s3://{bucket}/here");
    let denied = config(s3, &uri, &s3.user(&policies::enrichment(&bucket)).await);

    let first = report(&server, denied.clone(), Role::Enrichment).await;
    assert_eq!(listed(&first), left_in(s3, &bucket).await);
    let second = report(&server, denied.clone(), Role::Enrichment).await;
    assert_eq!(listed(&second), left_in(s3, &bucket).await);
    assert!(listed(&second).is_superset(&listed(&first)));

    stop(server).await;
    let server = Datastored::start_in(folder.path(), &[]);
    let third = report(&server, denied.clone(), Role::Source).await;
    assert_eq!(listed(&third), left_in(s3, &bucket).await);

    // A person removes what the report lists; who may not remove it still sees that it is gone.
    for residue in &third.residue {
        carry_out(s3, s3.endpoint(), &residue.remedy).await;
    }
    let fourth = report(&server, denied, Role::Source).await;
    assert_eq!(fourth.residue, []);
    stop(server).await;
    assert_eq!(ledger(folder.path()).await, []);
}

async fn versions_are_removed_by_the_next_test_that_may(s3: &Server) {
    let folder = TempDir::new().expect("a temporary folder can be made");
    let server = Datastored::start_in(folder.path(), &[]);
    let bucket = versioned_bucket(s3).await;
    let uri = format!("s3://{bucket}/here");
    let denied = s3.user(&policies::enrichment(&bucket)).await;
    let denied = report(&server, config(s3, &uri, &denied), Role::Enrichment).await;
    assert_eq!(listed(&denied), left_in(s3, &bucket).await);

    let actions = [&policies::PROVEN[..], &["s3:DeleteObjectVersion"]].concat();
    let allowed = s3.user(&policies::allowing(&bucket, &actions)).await;
    let allowed = report(&server, config(s3, &uri, &allowed), Role::Enrichment).await;
    assert_eq!(allowed.residue, []);
    assert_eq!(left_in(s3, &bucket).await, Pieces::new());
    stop(server).await;
    assert_eq!(ledger(folder.path()).await, []);
}

/// Not on moto, which says of a delete marker that is there that there is no such version.
#[tokio::test]
async fn versions_that_may_not_be_deleted_stay_listed_until_a_person_has_removed_them() {
    let s3 = lab::seaweedfs().await;
    versions_that_may_not_be_deleted_stay_listed_until_they_are_gone(s3.as_ref()).await;
}

#[tokio::test]
async fn on_moto_versions_are_removed_by_the_next_test_that_may() {
    versions_are_removed_by_the_next_test_that_may(lab::moto().await.as_ref()).await;
}

#[tokio::test]
async fn on_seaweedfs_versions_are_removed_by_the_next_test_that_may() {
    versions_are_removed_by_the_next_test_that_may(lab::seaweedfs().await.as_ref()).await;
}

/// The right to remove is lost between the guards and the removals, and given back in the end.
#[tokio::test]
async fn a_removal_that_is_denied_is_listed_and_not_tried_for_ever() {
    let s3 = lab::s3s().await;
    let folder = TempDir::new().expect("a temporary folder can be made");
    let server = Datastored::start_in(folder.path(), &[]);
    let Midway {
        watched,
        proxy,
        bucket,
        config,
        held,
    } = midway(&server, &s3).await;
    let removals = ["DeleteObject", "AbortMultipartUpload"];
    for operation in removals {
        let denied = Reply::error(403, "AccessDenied", "Access Denied");
        proxy.answer(operation, denied);
    }
    release(&held);
    let commands = ["abort-multipart-upload", "delete-object"];
    assert_eq!(removals_of(&watched.ended().await), commands);
    stop(server).await;
    let left = ledger(folder.path()).await;
    assert_eq!(left.iter().map(|l| l.sweeps).collect::<Vec<_>>(), [0]);
    // The credentials are of no more use, and not kept.
    let kept = left.iter().map(|l| &l.s3.credentials);
    assert!(kept.eq([&Credentials::Anonymous]));

    // A start does not try what these credentials may not do.
    let tried = removals.map(|operation| proxy.calls(operation));
    let server = Datastored::start_in(folder.path(), &[]);
    stop(server).await;
    assert_eq!(ledger(folder.path()).await, left);
    assert_eq!(removals.map(|operation| proxy.calls(operation)), tried);

    let server = Datastored::start_in(folder.path(), &[]);
    let denied = report(&server, config.clone(), Role::Enrichment).await;
    assert_eq!(removals_of(&denied), commands);
    proxy.mend();
    let allowed = report(&server, config, Role::Enrichment).await;
    assert_eq!(allowed.residue, []);
    assert_holds(&s3, &bucket, &[]).await;
    stop(server).await;
    assert_eq!(ledger(folder.path()).await, []);
}
