//! The source role: reading is proven by reading an object, and what proves nothing is never a pass.

use datastored::pb::{self, Outcome};

use super::{assert_holds, behind_a_proxy, config, put, report, through, verdicts};
use crate::lab::proxy::{Proxy, Reply};
use crate::lab::{self, Server, policies};
use crate::server::Datastored;

/// Rights, objects in the bucket, the URI's path; then the verdicts of the three checks and the outcome.
struct Case {
    name: &'static str,
    actions: &'static [&'static str],
    objects: &'static [(&'static str, &'static [u8])],
    path: &'static str,
    expected: [&'static str; 3],
    outcome: Outcome,
}

const ALL: &[&str] = &["s3:ListBucket", "s3:ListBucketMultipartUploads", "s3:Get*"];
const NO_GET: &[&str] = &["s3:ListBucket", "s3:ListBucketMultipartUploads"];
const NO_LIST: &[&str] = &["s3:ListBucketMultipartUploads", "s3:Get*"];

const LIST: &str = "LIST_OBJECTS PASSED";
const NO_LIST_LINE: &str = "LIST_OBJECTS FAILED ACCESS_DENIED";
const UPLOADS: &str = "LIST_MULTIPART_UPLOADS PASSED";
const GET: &str = "GET_OBJECT PASSED";
const NO_GET_LINE: &str = "GET_OBJECT FAILED ACCESS_DENIED";
const NOTHING_TO_READ: &str = "GET_OBJECT INCONCLUSIVE NO_OBJECT_TO_READ";

const CASES: [Case; 10] = [
    Case {
        name: "an object under the prefix is read",
        actions: ALL,
        objects: &[("foo/a.csv", b"a,b")],
        path: "/foo",
        expected: [LIST, UPLOADS, GET],
        outcome: Outcome::Passed,
    },
    Case {
        // Its first byte is answered with 416, which only a reader is told.
        name: "an object without a byte is read too",
        actions: ALL,
        objects: &[("foo/empty", b"")],
        path: "/foo",
        expected: [LIST, UPLOADS, GET],
        outcome: Outcome::Passed,
    },
    Case {
        name: "an empty bucket proves nothing",
        actions: ALL,
        objects: &[],
        path: "",
        expected: [LIST, UPLOADS, NOTHING_TO_READ],
        outcome: Outcome::Inconclusive,
    },
    Case {
        name: "an object of a neighbour whose name begins alike proves nothing",
        actions: ALL,
        objects: &[("foobar/a.csv", b"a,b"), ("foo", b"a,b")],
        path: "/foo",
        expected: [LIST, UPLOADS, NOTHING_TO_READ],
        outcome: Outcome::Inconclusive,
    },
    Case {
        name: "an object that must not be read is a missing right",
        actions: NO_GET,
        objects: &[("foo/a.csv", b"a,b")],
        path: "/foo",
        expected: [LIST, UPLOADS, NO_GET_LINE],
        outcome: Outcome::Failed,
    },
    Case {
        name: "an object without a byte that must not be read is a missing right",
        actions: NO_GET,
        objects: &[("foo/empty", b"")],
        path: "/foo",
        expected: [LIST, UPLOADS, NO_GET_LINE],
        outcome: Outcome::Failed,
    },
    Case {
        // Who may list the whole bucket is told 404 of a missing key, if reading is allowed; here it is 403.
        name: "a missing right shows in an empty bucket",
        actions: NO_GET,
        objects: &[],
        path: "",
        expected: [LIST, UPLOADS, NO_GET_LINE],
        outcome: Outcome::Failed,
    },
    Case {
        name: "without listing nothing is known to be read",
        actions: NO_LIST,
        objects: &[("foo/a.csv", b"a,b")],
        path: "/foo",
        expected: [NO_LIST_LINE, UPLOADS, "GET_OBJECT SKIPPED by LIST_OBJECTS"],
        outcome: Outcome::Failed,
    },
    Case {
        name: "without uploads the others pass",
        actions: &["s3:ListBucket", "s3:Get*"],
        objects: &[("foo/a.csv", b"a,b")],
        path: "/foo",
        expected: [LIST, "LIST_MULTIPART_UPLOADS FAILED ACCESS_DENIED", GET],
        outcome: Outcome::Failed,
    },
    Case {
        name: "a URI of one object has nothing under it",
        actions: ALL,
        objects: &[("foo/a.csv", b"a,b")],
        path: "/foo/a.csv",
        expected: [LIST, UPLOADS, NOTHING_TO_READ],
        outcome: Outcome::Inconclusive,
    },
];

async fn each_case_has_its_verdicts(s3: &Server) {
    let server = Datastored::start(&[]);
    for case in &CASES {
        let name = case.name;
        let bucket = s3.bucket().await;
        for (key, body) in case.objects {
            put(s3, &bucket, key, body).await;
        }
        let before = s3.keys_in(&bucket).await;
        let keys = s3.user(&policies::allowing(&bucket, case.actions)).await;
        let config = config(s3, &format!("s3://{bucket}{}", case.path), &keys);
        let report = report(&server, config, pb::Role::Source).await;
        assert_eq!(verdicts(&report), case.expected, "{name}");
        assert_eq!(report.outcome(), case.outcome, "{name}");
        let before: Vec<&str> = before.iter().map(String::as_str).collect();
        assert_holds(s3, &bucket, &before).await;
    }
}

#[tokio::test]
async fn on_moto_a_source_passes_only_when_an_object_was_read() {
    each_case_has_its_verdicts(lab::moto().await.as_ref()).await;
}

#[tokio::test]
async fn on_seaweedfs_a_source_passes_only_when_an_object_was_read() {
    each_case_has_its_verdicts(lab::seaweedfs().await.as_ref()).await;
}

#[tokio::test]
async fn on_s3s_a_source_passes_only_when_an_object_was_read() {
    each_case_has_its_verdicts(lab::s3s().await.as_ref()).await;
}

/// Amazon S3 says in its long message that it is listing that is not allowed.
#[tokio::test]
async fn a_missing_key_that_is_hidden_for_want_of_listing_is_no_missing_right_to_read() {
    let (s3, server) = (lab::s3s().await, Datastored::start(&[]));
    let bucket = s3.bucket().await;
    let keys = s3.user(&policies::source(&bucket)).await;
    let proxy = Proxy::start(s3.endpoint()).await;
    let words = "User: arn:aws:iam::111122223333:user/x is not authorized to perform: s3:ListBucket on resource: \"arn:aws:s3:::b\" because no identity-based policy allows the s3:ListBucket action";
    proxy.answer("GetObject", Reply::error(403, "AccessDenied", words));
    let config = through(proxy.endpoint(), &format!("s3://{bucket}"), &keys);
    let report = report(&server, config, pb::Role::Source).await;
    assert_eq!(verdicts(&report), [LIST, UPLOADS, NOTHING_TO_READ]);
}

/// Under a prefix a 403 for a missing key can come from a policy that allows listing that prefix alone: a GET has no prefix, so
/// S3 hides from its caller whether the key exists.
#[tokio::test]
async fn a_refusal_of_a_missing_key_under_a_prefix_is_no_missing_right_unless_s3_names_it() {
    let (moto, s3s) = (lab::moto().await, lab::s3s().await);
    for (s3, expected) in [(moto, NOTHING_TO_READ), (s3s, NO_GET_LINE)] {
        let server = Datastored::start(&[]);
        let bucket = s3.bucket().await;
        let keys = s3.user(&policies::allowing(&bucket, NO_GET)).await;
        let config = config(&s3, &format!("s3://{bucket}/foo"), &keys);
        let report = report(&server, config, pb::Role::Source).await;
        assert_eq!(verdicts(&report), [LIST, UPLOADS, expected]);
    }
}

/// A page that a proxy sends instead of an object is nothing that was read: S3 names the `ETag` of what it sends.
#[tokio::test]
async fn a_friendly_page_is_no_object() {
    let server = Datastored::start(&[]);
    for s3 in [lab::moto().await, lab::s3s().await] {
        let (proxy, bucket, config) = behind_a_proxy(&s3).await;
        put(&s3, &bucket, "a.csv", b"a,b").await;
        let page = Reply {
            status: 200,
            content_type: "text/html",
            body: "<html><body>Sign in</body></html>".to_owned(),
        };
        proxy.answer("GetObject", page);
        let report = report(&server, config, pb::Role::Source).await;
        let not_s3 = "GET_OBJECT INCONCLUSIVE NOT_S3";
        assert_eq!(verdicts(&report), [LIST, UPLOADS, not_s3]);
    }
}
