//! A removal is believed when S3 has said so itself: not by a page of something on the way, whatever its status.

use datastored::pb::Role;
use rustix::process::Signal;
use tempfile::TempDir;

use super::{Midway, comes_to_hold, ledger, midway, removals_of, stop};
use crate::connection::{assert_holds, logged, report};
use crate::lab;
use crate::lab::proxy::{EVERY, Reply, release};
use crate::server::Datastored;

fn page(status: u16) -> Reply {
    Reply {
        status,
        content_type: "text/html",
        body: "<html><body>log in</body></html>".to_owned(),
    }
}

const REMOVALS: [&str; 2] = ["abort-multipart-upload", "delete-object"];

#[tokio::test]
async fn a_page_in_the_way_of_the_cleaning_up_is_no_removal_and_no_denial() {
    let s3 = lab::s3s().await;
    for status in [404, 403] {
        let server = Datastored::start(&[]);
        let Midway {
            watched,
            proxy,
            bucket,
            held,
            ..
        } = midway(&server, &s3).await;
        proxy.answer(EVERY, page(status));
        release(&held);
        let report = watched.ended().await;
        assert_eq!(removals_of(&report), REMOVALS, "{status}");
        for residue in &report.residue {
            assert!(!residue.cause.contains("do not allow"), "{status}");
        }
        proxy.mend();
        comes_to_hold(&s3, &bucket, &[]).await;
        logged(&server, "had left is removed").await;
        stop(server).await;
    }
}

#[tokio::test]
async fn a_page_in_the_way_of_a_sweep_is_no_removal_and_no_denial() {
    let s3 = lab::s3s().await;
    for status in [404, 403] {
        let folder = TempDir::new().expect("a temporary folder can be made");
        let server = Datastored::start_in(folder.path(), &[]);
        let Midway {
            proxy,
            bucket,
            held,
            ..
        } = midway(&server, &s3).await;
        server.signal(Signal::KILL);
        server.ended().await;
        for held in &held {
            held.none_waits().await;
        }
        proxy.mend();
        proxy.answer(EVERY, page(status));
        let server = Datastored::start_in(folder.path(), &[]);
        logged(&server, "has left something in a bucket").await;
        proxy.mend();
        comes_to_hold(&s3, &bucket, &[]).await;
        logged(&server, "had left is removed").await;
        stop(server).await;
        assert_eq!(ledger(folder.path()).await, [], "{status}");
    }
}

/// The store confirms the removals and does nothing, and what is asked whether they are done is answered by a page.
#[tokio::test]
async fn a_removal_that_only_a_page_vouches_for_stays_listed() {
    let (s3, server) = (lab::s3s().await, Datastored::start(&[]));
    let Midway {
        watched,
        proxy,
        bucket,
        config,
        held,
    } = midway(&server, &s3).await;
    let confirmed = Reply {
        status: 204,
        content_type: "application/xml",
        body: String::new(),
    };
    for removal in ["DeleteObject", "AbortMultipartUpload"] {
        proxy.answer(removal, confirmed.clone());
    }
    for look in ["ListObjectsV2", "ListMultipartUploads"] {
        proxy.answer(look, page(404));
    }
    release(&held);
    let left = watched.ended().await;
    assert_eq!(removals_of(&left), REMOVALS);
    proxy.mend();
    comes_to_hold(&s3, &bucket, &[]).await;
    logged(&server, "had left is removed").await;
    let next = report(&server, config, Role::Enrichment).await;
    assert_eq!(next.residue, []);
    assert_holds(&s3, &bucket, &[]).await;
}
