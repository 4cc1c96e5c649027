//! A store that does not answer the removals: the residue is listed, and removed as soon as the store answers again.

use std::sync::Arc;

use datastored::pb::{Check, Role, Verdict};
use rustix::process::Signal;
use tempfile::TempDir;
use tokio::task::JoinSet;

use super::{Midway, comes_to_hold, ledger, midway, removals_of, stop};
use crate::connection::{assert_holds, logged, report};
use crate::lab::proxy::release;
use crate::lab::{self, Server};
use crate::server::Datastored;

/// The server cuts tests off three seconds after the signal: the last step that hangs began before that, so that a second is to spare.
const OPTIONS: [&str; 6] = [
    "--shutdown-grace",
    "7s",
    "--check-timeout",
    "2s",
    "--cleanup-timeout",
    "2s",
];

/// How a test comes to its cleaning up.
#[derive(Clone, Copy, Debug)]
enum Ending {
    /// By itself.
    Plan,
    /// Nobody watches it any more.
    ClientGoes,
    /// The server stops, and is started again.
    ServerStops,
}

async fn is_removed_when_the_store_answers_again(s3: Arc<Server>, ending: Ending) {
    let folder = TempDir::new().expect("a temporary folder can be made");
    let mut server = Datastored::start_in(folder.path(), &OPTIONS);
    let Midway {
        watched,
        proxy,
        bucket,
        config,
        held,
    } = midway(&server, &s3).await;
    let hanging = ["DeleteObject", "AbortMultipartUpload"].map(|operation| proxy.hold(operation));
    match ending {
        Ending::Plan => {
            release(&held);
            let report = watched.ended().await;
            assert_eq!(
                removals_of(&report),
                ["abort-multipart-upload", "delete-object"]
            );
        }
        Ending::ClientGoes => {
            drop(watched);
            logged(&server, "its reader has gone").await;
            release(&held);
            logged(&server, "connection test ended").await;
        }
        Ending::ServerStops => {
            stop(server).await;
            let report = watched.ended().await;
            assert_eq!(
                removals_of(&report),
                ["abort-multipart-upload", "delete-object"]
            );
            let [left] = &ledger(folder.path()).await[..] else {
                panic!("one test has left something");
            };
            assert_eq!((left.traces.len(), left.ended), (2, true));
            server = Datastored::start_in(folder.path(), &OPTIONS);
        }
    }
    proxy.mend();
    release(&hanging);
    comes_to_hold(&s3, &bucket, &[]).await;
    logged(&server, "had left is removed").await;
    let next = report(&server, config, Role::Enrichment).await;
    assert_eq!(next.residue, [], "{ending:?}");
    stop(server).await;
    assert_eq!(ledger(folder.path()).await, [], "{ending:?}");
}

#[tokio::test]
async fn what_a_hanging_store_keeps_is_listed_and_removed_when_it_answers_again() {
    let s3 = lab::s3s().await;
    let mut cases = JoinSet::new();
    for ending in [Ending::Plan, Ending::ClientGoes, Ending::ServerStops] {
        cases.spawn(is_removed_when_the_store_answers_again(
            Arc::clone(&s3),
            ending,
        ));
    }
    cases.join_all().await;
}

/// The next attempt of a sweep may be minutes away; a server that is told to stop does not wait for it.
#[tokio::test]
async fn a_sweep_that_waits_for_its_next_attempt_does_not_keep_the_server() {
    let s3 = lab::s3s().await;
    let server = Datastored::start(&OPTIONS);
    let Midway {
        watched,
        proxy,
        bucket,
        held,
        ..
    } = midway(&server, &s3).await;
    let out_of_order = crate::lab::proxy::Reply::error(400, "InvalidRequest", "no");
    proxy.answer("DeleteObject", out_of_order.clone());
    proxy.answer("AbortMultipartUpload", out_of_order);
    release(&held);
    let report = watched.ended().await;
    assert_eq!(report.residue.len(), 2);
    // The first attempt of the sweep.
    logged(&server, "has left something in a bucket").await;
    server.signal(Signal::TERM);
    let (status, log) = server.ended_with_log().await;
    assert!(status.success());
    assert!(!log.contains("they are cut off"), "{log}");
    assert_eq!(s3.keys_in(&bucket).await.len(), 1);
}

/// The whole test has less time than its check: the removal that hangs is left to the cleaning up.
#[tokio::test]
async fn a_test_whose_time_is_up_while_it_removes_leaves_nothing() {
    let s3 = lab::s3s().await;
    let server = Datastored::start(&["--test-timeout", "2s", "--check-timeout", "3s"]);
    let Midway {
        mut watched,
        proxy,
        bucket,
        held,
        ..
    } = midway(&server, &s3).await;
    let hanging = proxy.hold("DeleteObject");
    release(&held);
    hanging.one_waits().await;
    let verdict = watched.until_ended(Check::DeleteObject).await;
    assert_eq!(verdict, Verdict::Inconclusive);
    hanging.release();
    let report = watched.ended().await;
    assert_eq!(report.residue, []);
    assert_holds(&s3, &bucket, &[]).await;
}
