//! Tests at one place share what is known of it: nobody settles for another what may still come.

use std::sync::Arc;

use datastored::pb::Role;
use rustix::process::Signal;
use tempfile::TempDir;

use super::{Midway, comes_to_hold, ledger, midway, removals_of, stop};
use crate::connection::{behind_a_proxy, logged, put, report};
use crate::lab::proxy::{Reply, release};
use crate::lab::rule::{Rule, When};
use crate::lab::{self, eventually};
use crate::server::Datastored;

/// Another test sees that the object is not there, and is told that there is nothing to delete; after that it comes.
#[tokio::test]
async fn a_write_that_may_still_land_is_not_forgotten_by_another_test() {
    let s3 = lab::s3s().await;
    let folder = TempDir::new().expect("a temporary folder can be made");
    let server = Datastored::start_in(folder.path(), &["--check-timeout", "1s"]);
    let (proxy, bucket, config) = behind_a_proxy(&s3).await;
    let held = proxy.hold("PutObject");
    let first = report(&server, config.clone(), Role::Enrichment).await;
    assert_eq!(removals_of(&first), ["delete-object"]);
    let second = report(&server, config, Role::Source).await;
    let [residue] = &second.residue[..] else {
        panic!("it may still come: {:?}", second.residue);
    };
    assert!(residue.cause.contains("never answered"));
    assert_eq!(residue.key, first.residue[0].key);
    server.signal(Signal::KILL);
    server.ended().await;
    held.none_waits().await;
    put(&s3, &bucket, &residue.key, b"late").await;
    let server = Datastored::start_in(folder.path(), &[]);
    comes_to_hold(&s3, &bucket, &[]).await;
    logged(&server, "had left is removed").await;
    stop(server).await;
    assert_eq!(ledger(folder.path()).await, []);
}

/// The second test waits for the sweep that is at it, and finds nothing left to do.
#[tokio::test]
async fn a_test_does_not_remove_what_a_sweep_is_removing() {
    let s3 = lab::s3s().await;
    let server = Arc::new(Datastored::start(&[]));
    let Midway {
        watched,
        proxy,
        bucket,
        config,
        held,
    } = midway(&server, &s3).await;
    let refused = Reply::error(400, "InvalidRequest", "no");
    for removal in ["DeleteObject", "AbortMultipartUpload"] {
        // By the check, and by the cleaning up.
        let twice = Rule::reply(When::Always, refused.clone());
        proxy.rule(removal, twice.first(2));
    }
    let swept = proxy.keep_answers("DeleteObject");
    release(&held);
    assert_eq!(watched.ended().await.residue.len(), 2);
    swept.one_waits().await;
    let deletes = proxy.calls("DeleteObject");
    let lists = proxy.calls("ListObjectsV2");
    let second = tokio::spawn({
        let server = Arc::clone(&server);
        async move { report(&server, config, Role::Source).await }
    });
    // The second test lists objects, lists uploads, and then turns to what was left.
    eventually("the second test runs", || async {
        proxy.calls("ListObjectsV2") > lists
    })
    .await;
    swept.release();
    let second = second.await.expect("the test does not panic");
    assert_eq!(second.residue, []);
    assert_eq!(proxy.calls("DeleteObject"), deletes, "by one alone");
    comes_to_hold(&s3, &bucket, &[]).await;
}
