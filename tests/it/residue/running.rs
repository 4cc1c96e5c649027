//! The ledger while tests run: a running test is no residue, and a clean one costs little and leaves nothing.

use std::path::Path;

use datastored::pb::{self, Role};
use datastored::store::{Sled, Store, Txn};
use tempfile::TempDir;

use super::{Midway, ledger, midway, stop};
use crate::connection::{assert_holds, behind_a_proxy, report};
use crate::lab;
use crate::lab::proxy::release;
use crate::server::Datastored;

#[tokio::test]
async fn a_test_that_runs_is_neither_swept_nor_listed_by_another_one() {
    let (s3, server) = (lab::s3s().await, Datastored::start(&[]));
    let Midway {
        watched,
        proxy,
        bucket,
        config,
        held,
    } = midway(&server, &s3).await;
    let mut direct = config;
    s3.endpoint().clone_into(&mut direct.endpoint);
    let elsewhere = report(&server, direct.clone(), Role::Enrichment).await;
    assert_eq!(elsewhere.residue, []);
    // The same place: only those of its calls are held that the first one waits at.
    release(&held);
    proxy.endpoint().clone_into(&mut direct.endpoint);
    let here = report(&server, direct, Role::Source).await;
    assert_eq!(here.residue, []);
    assert_eq!(watched.ended().await.outcome(), pb::Outcome::Passed);
    assert_holds(&s3, &bucket, &[]).await;
}

/// How often a store was written to.
async fn commits(folder: &Path) -> u64 {
    let folder = folder.to_owned();
    let opened = tokio::task::spawn_blocking(move || Sled::open(&folder)).await;
    let store = opened.expect("opening does not panic");
    let store = store.expect("the store opens");
    let now = store.commit(Txn::new()).await.expect("nothing is written");
    store.close().await.expect("the store closes");
    now.get()
}

#[tokio::test]
async fn a_clean_test_costs_five_commits_and_one_that_reads_none_beside_that_of_its_report() {
    let s3 = lab::s3s().await;
    let (_, bucket, mut config) = behind_a_proxy(&s3).await;
    s3.endpoint().clone_into(&mut config.endpoint);
    let folder = TempDir::new().expect("a temporary folder can be made");
    stop(Datastored::start_in(folder.path(), &[])).await;
    for (role, cost) in [(Role::Source, 1), (Role::Enrichment, 6)] {
        let before = commits(folder.path()).await;
        let server = Datastored::start_in(folder.path(), &[]);
        let clean = report(&server, config.clone(), role).await;
        assert_eq!(clean.residue, []);
        stop(server).await;
        assert_eq!(commits(folder.path()).await - before, cost, "{role:?}");
        assert_eq!(ledger(folder.path()).await, []);
    }
    assert_holds(&s3, &bucket, &[]).await;
}
