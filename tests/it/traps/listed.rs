//! A listed key that is gone when it is read: another test's canary, or an object of a bucket in which they come and go.

use datastored::pb::{self, Role};
use datastored::prober::CANARY_FOLDER;

use crate::connection::watch::{verdicts, watch};
use crate::connection::{behind_a_proxy, put, report};
use crate::lab::proxy::Reply;
use crate::lab::{self, Server};
use crate::server::Datastored;

const GONE: &str = "GET_OBJECT INCONCLUSIVE NO_OBJECT_TO_READ";

/// Deletes objects with the rights of the administrator.
async fn delete(s3: &Server, bucket: &str, keys: &[&str]) {
    for key in keys {
        let sent = s3.s3().delete_object().bucket(bucket).key(*key).send();
        sent.await.expect("the administrator may delete an object");
    }
}

/// The line about get of a source test, while whose GET waits these objects are deleted, and the number of listings.
async fn get_while(deleted: &[&str], answer: Option<Reply>) -> (String, usize) {
    let (s3, server) = (lab::s3s().await, Datastored::start(&[]));
    let (proxy, bucket, config) = behind_a_proxy(&s3).await;
    for key in ["a.csv", "b.csv"] {
        put(&s3, &bucket, key, b"a,b").await;
    }
    let held = proxy.hold("GetObject");
    if let Some(reply) = answer {
        proxy.answer("GetObject", reply);
    }
    let watched = watch(&server, config, Role::Source).await;
    held.one_waits().await;
    delete(&s3, &bucket, deleted).await;
    held.release();
    let report = watched.ended().await;
    assert_eq!(report.missing_actions, Vec::<String>::new());
    (verdicts(&report)[2].clone(), proxy.calls("ListObjectsV2"))
}

#[tokio::test]
async fn an_object_that_is_gone_when_it_is_read_makes_room_for_another_one() {
    let (line, _) = get_while(&["a.csv"], None).await;
    assert_eq!(line, "GET_OBJECT PASSED");
}

/// In the words of a store and in both of AWS's, which hides a missing key from who may not list all of them.
#[tokio::test]
async fn objects_that_are_always_gone_when_they_are_read_are_no_missing_right() {
    let by_list = "User: arn:aws:iam::111122223333:user/x is not authorized to perform: s3:ListBucket on resource: \"arn:aws:s3:::b\" because no identity-based policy allows the s3:ListBucket action";
    for (status, code, message) in [
        (404, "NoSuchKey", "The specified key does not exist."),
        (403, "AccessDenied", "Access Denied"),
        (403, "AccessDenied", by_list),
    ] {
        let answer = Reply::error(status, code, message);
        let (line, listings) = get_while(&["a.csv", "b.csv"], Some(answer)).await;
        assert_eq!(line, GONE, "{status} {message}");
        assert!(listings <= 3, "{listings}");
    }
}

#[tokio::test]
async fn a_store_that_does_not_give_what_it_lists_is_asked_twice() {
    let (line, listings) = get_while(&[], Some(Reply::error(404, "NoSuchKey", "no"))).await;
    assert_eq!((&*line, listings), (GONE, 2));
}

/// It sorts before most keys, and goes in a moment.
#[tokio::test]
async fn the_canary_of_another_test_is_not_read() {
    let (s3, server) = (lab::s3s().await, Datastored::start(&[]));
    for role in [Role::Source, Role::Enrichment] {
        for folder in ["", "deeper/"] {
            let (proxy, bucket, config) = behind_a_proxy(&s3).await;
            let canary = format!("{folder}{CANARY_FOLDER}1/object");
            put(&s3, &bucket, &canary, b"canary").await;
            for operation in ["PutObject", "CreateMultipartUpload"] {
                proxy.answer(operation, Reply::error(403, "AccessDenied", "no"));
            }
            let alone = report(&server, config.clone(), role).await;
            let nothing = match role {
                Role::Enrichment => "GET_OBJECT SKIPPED by PUT_OBJECT",
                _ => GONE,
            };
            assert_eq!(verdicts(&alone)[2], nothing, "{role:?} {folder}");
            put(&s3, &bucket, "kept.csv", b"a,b").await;
            let held = proxy.hold("GetObject");
            let watched = watch(&server, config, role).await;
            held.one_waits().await;
            delete(&s3, &bucket, &[&canary]).await;
            held.release();
            let report: pb::ConnectionTestReport = watched.ended().await;
            assert_eq!(verdicts(&report)[2], "GET_OBJECT PASSED", "{role:?}");
            assert_eq!(proxy.calls("ListObjectsV2"), 2, "one for each test");
        }
    }
}
