//! A versioned bucket keeps what is deleted: the test removes it, or names each piece with the command that does.

use std::collections::BTreeSet;

use aws_sdk_s3::types::{BucketVersioningStatus, VersioningConfiguration};
use datastored::pb::{self, Role};

use super::remedy::carry_out;
use super::{config, put, report};
use crate::lab::{self, Keys, Server, policies};
use crate::server::Datastored;

/// A versioned bucket with one object in it.
pub async fn versioned_bucket(s3: &Server) -> String {
    let bucket = s3.bucket().await;
    let enabled = VersioningConfiguration::builder()
        .status(BucketVersioningStatus::Enabled)
        .build();
    let call = s3.s3().put_bucket_versioning().bucket(&bucket);
    let sent = call.versioning_configuration(enabled).send().await;
    sent.expect("the administrator may switch versioning on");
    put(s3, &bucket, "kept", b"x").await;
    bucket
}

async fn test(s3: &Server, bucket: &str, keys: &Keys) -> pb::ConnectionTestReport {
    let server = Datastored::start(&[]);
    let config = config(s3, &format!("s3://{bucket}/it's here"), keys);
    report(&server, config, Role::Enrichment).await
}

/// The key and version id of all that is in the bucket but the object that was there before.
pub async fn left_in(s3: &Server, bucket: &str) -> BTreeSet<(String, String)> {
    let versions = s3.versions_in(bucket).await.into_iter();
    let others = versions.filter(|(key, _, _)| key != "kept");
    others.map(|(key, version, _)| (key, version)).collect()
}

async fn each_version_left_is_named_with_the_command_that_removes_it(s3: &Server) {
    let bucket = versioned_bucket(s3).await;
    let keys = s3.user(&policies::enrichment(&bucket)).await;
    let report = test(s3, &bucket, &keys).await;
    assert_eq!(report.outcome(), pb::Outcome::Passed);
    let left = left_in(s3, &bucket).await;
    assert!(left.len() >= 2, "the canary and its marker: {left:?}");
    let named = report.residue.iter();
    let named: BTreeSet<_> = named
        .map(|r| (r.key.clone(), r.version_id.clone()))
        .collect();
    assert_eq!(named, left);
    assert_eq!(report.residue.len(), left.len(), "each is named once");
    let warnings = report.warnings.join(" ");
    assert!(warnings.contains("s3:DeleteObjectVersion"), "{warnings}");
    for residue in &report.residue {
        assert_eq!(residue.bucket, bucket);
        assert!(!residue.cause.is_empty());
        carry_out(s3, s3.endpoint(), &residue.remedy).await;
    }
    assert_eq!(left_in(s3, &bucket).await, BTreeSet::new());
    assert_eq!(s3.open_uploads(&bucket).await, []);
}

async fn nothing_is_left_where_versions_may_be_deleted(s3: &Server) {
    let bucket = versioned_bucket(s3).await;
    let actions = [&policies::PROVEN[..], &["s3:DeleteObjectVersion"]].concat();
    let keys = s3.user(&policies::allowing(&bucket, &actions)).await;
    let report = test(s3, &bucket, &keys).await;
    assert_eq!(report.outcome(), pb::Outcome::Passed);
    assert_eq!(report.residue, []);
    assert_eq!(report.warnings, Vec::<String>::new());
    assert_eq!(left_in(s3, &bucket).await, BTreeSet::new());
    assert_eq!(s3.open_uploads(&bucket).await, []);
}

#[tokio::test]
async fn on_moto_each_version_left_is_named_with_the_command_that_removes_it() {
    each_version_left_is_named_with_the_command_that_removes_it(lab::moto().await.as_ref()).await;
}

#[tokio::test]
async fn on_seaweedfs_each_version_left_is_named_with_the_command_that_removes_it() {
    let s3 = lab::seaweedfs().await;
    each_version_left_is_named_with_the_command_that_removes_it(s3.as_ref()).await;
}

#[tokio::test]
async fn on_moto_nothing_is_left_where_versions_may_be_deleted() {
    nothing_is_left_where_versions_may_be_deleted(lab::moto().await.as_ref()).await;
}

#[tokio::test]
async fn on_seaweedfs_nothing_is_left_where_versions_may_be_deleted() {
    nothing_is_left_where_versions_may_be_deleted(lab::seaweedfs().await.as_ref()).await;
}
