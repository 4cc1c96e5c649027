//! Faults of the calls that write and remove: an answer that is lost, a removal that is refused, a store that is out of order.

use std::sync::Arc;

use datastored::pb::{self, Role};
use tokio::task::JoinSet;

use super::remedy::carry_out;
use super::{assert_holds, behind_a_proxy, put, report, verdicts, watch};
use crate::lab::proxy::{Reply, release};
use crate::lab::rule::{Rule, When};
use crate::lab::{self, Server, eventually};
use crate::server::Datastored;

/// The call is sent again, and what the first one made is removed with what the second one made. A first write may have been carried out, or
/// may be carried out yet: nobody knows.
#[tokio::test]
async fn a_write_whose_answer_is_lost_leaves_nothing() {
    let (s3, server) = (lab::s3s().await, Datastored::start(&[]));
    for (operation, unanswered) in [
        ("PutObject", 1),
        ("CreateMultipartUpload", 1),
        ("DeleteObject", 0),
        ("AbortMultipartUpload", 0),
    ] {
        let (proxy, bucket, config) = behind_a_proxy(&s3).await;
        proxy.lose_first_answer(operation);
        let report = report(&server, config, Role::Enrichment).await;
        assert!(proxy.calls(operation) >= 2, "{operation} is sent again");
        assert_eq!(
            report.outcome(),
            pb::Outcome::Passed,
            "{operation}: {:?}",
            verdicts(&report)
        );
        assert_eq!(report.residue.len(), unanswered, "{operation}");
        for residue in &report.residue {
            assert!(residue.cause.contains("may still be carried out"));
        }
        assert_holds(&s3, &bucket, &[]).await;
    }
}

/// An answer that says so often that there is too much to do is an answer.
#[tokio::test]
async fn a_write_that_was_answered_each_time_does_not_come_later() {
    let (s3, server) = (lab::s3s().await, Datastored::start(&[]));
    let (proxy, bucket, config) = behind_a_proxy(&s3).await;
    for operation in ["PutObject", "CreateMultipartUpload", "DeleteObject"] {
        let slow_down = Rule::reply(When::Always, Reply::error(503, "SlowDown", "no"));
        proxy.rule(operation, slow_down.first(1));
    }
    let report = report(&server, config, Role::Enrichment).await;
    assert_eq!(report.outcome(), pb::Outcome::Passed);
    assert_eq!(report.residue, []);
    assert_holds(&s3, &bucket, &[]).await;
}

/// What was made is found and removed although its id never arrived; that it may come a second time is said.
#[tokio::test]
async fn a_write_that_is_never_answered_leaves_nothing() {
    let server = Arc::new(Datastored::start(&["--check-timeout", "3s"]));
    let mut cases = JoinSet::new();
    for s3 in [lab::s3s().await, lab::seaweedfs().await] {
        for operation in ["PutObject", "CreateMultipartUpload"] {
            cases.spawn(is_never_answered(
                Arc::clone(&server),
                Arc::clone(&s3),
                operation,
            ));
        }
    }
    cases.join_all().await;
}

async fn is_never_answered(server: Arc<Datastored>, s3: Arc<Server>, operation: &'static str) {
    let (proxy, bucket, config) = behind_a_proxy(&s3).await;
    let _kept = proxy.keep_answers(operation);
    let report = report(&server, config, Role::Enrichment).await;
    assert_eq!(verdicts(&report)[3], "PUT_OBJECT INCONCLUSIVE TIMEOUT");
    let [residue] = &report.residue[..] else {
        panic!(
            "{operation}: one thing may still come: {:?}",
            report.residue
        );
    };
    assert!(residue.cause.contains("may still be carried out"));
    assert_holds(&s3, &bucket, &[]).await;
}

/// A store can carry a request out long after its sender has given up.
#[tokio::test]
async fn a_write_that_lands_after_the_report_is_removed_too() {
    let server = Datastored::start(&["--check-timeout", "1s"]);
    let s3 = lab::s3s().await;
    let (proxy, bucket, config) = behind_a_proxy(&s3).await;
    let _held = proxy.hold("PutObject");
    let report = report(&server, config, Role::Enrichment).await;
    lands_and_is_removed(&s3, &bucket, &report).await;
}

/// The object that may still come, comes.
async fn lands_and_is_removed(s3: &Server, bucket: &str, report: &pb::ConnectionTestReport) {
    let [residue] = &report.residue[..] else {
        panic!("the object may still come: {:?}", report.residue);
    };
    put(s3, bucket, &residue.key, b"late").await;
    eventually("the late object is removed", || async {
        s3.keys_in(bucket).await.is_empty()
    })
    .await;
}

/// Its key is all that leads to it: the command lists what is there, and aborts it.
#[tokio::test]
async fn an_upload_whose_id_never_arrived_is_named_with_the_command_that_finds_and_aborts_it() {
    let server = Datastored::start(&["--check-timeout", "1s"]);
    let s3 = lab::s3s().await;
    let (proxy, bucket, config) = behind_a_proxy(&s3).await;
    let _held = proxy.hold("CreateMultipartUpload");
    let report = report(&server, config, Role::Enrichment).await;
    let [residue] = &report.residue[..] else {
        panic!("the upload may still come: {:?}", report.residue);
    };
    for _twice in 0..2 {
        let call = s3.s3().create_multipart_upload();
        let sent = call.bucket(&bucket).key(&residue.key).send().await;
        sent.expect("the administrator may start an upload");
    }
    carry_out(&s3, proxy.endpoint(), &residue.remedy).await;
    assert_holds(&s3, &bucket, &[]).await;
}

/// Sent again, the write went well; the first attempt is on its way all the same.
#[tokio::test]
async fn a_write_that_lands_after_its_second_attempt_is_removed_too() {
    let server = Datastored::start(&[]);
    let s3 = lab::s3s().await;
    let (proxy, bucket, config) = behind_a_proxy(&s3).await;
    proxy.lose_first_answer("PutObject");
    let report = report(&server, config, Role::Enrichment).await;
    assert_eq!(report.outcome(), pb::Outcome::Passed);
    lands_and_is_removed(&s3, &bucket, &report).await;
}

/// A gateway that has no answer of the store's does not know what becomes of the request.
#[tokio::test]
async fn a_write_that_lands_after_a_gateway_has_given_up_is_removed_too() {
    let server = Datastored::start(&[]);
    let s3 = lab::s3s().await;
    for status in [502, 504] {
        let (proxy, bucket, config) = behind_a_proxy(&s3).await;
        let reply = Reply {
            status,
            content_type: "text/html",
            body: "<html>no answer</html>".to_owned(),
        };
        proxy.answer("PutObject", reply);
        let report = report(&server, config, Role::Enrichment).await;
        lands_and_is_removed(&s3, &bucket, &report).await;
    }
}

/// Sent to the region that S3 names, the write is carried out and not answered: that it was refused first proves nothing.
#[tokio::test]
async fn a_write_that_is_lost_on_its_second_way_leaves_nothing() {
    let (s3, server) = (lab::s3s().await, Datastored::start(&[]));
    let (proxy, bucket, config) = behind_a_proxy(&s3).await;
    let moved = Reply::error(301, "PermanentRedirect", "elsewhere");
    let moved = Rule::reply(When::Always, moved).with("x-amz-bucket-region", "eu-west-1");
    proxy.rule("PutObject", moved.first(1));
    for _attempt in 0..3 {
        proxy.lose_first_answer("PutObject");
    }
    let report = report(&server, config, Role::Enrichment).await;
    assert_eq!(proxy.calls("PutObject"), 4);
    assert_eq!(report.residue.len(), 1, "it may still come");
    assert_holds(&s3, &bucket, &[]).await;
}

/// That a removal is confirmed, and its verification fails, is no proof: not for the check, and not for the cleaning up.
#[tokio::test]
async fn a_removal_that_cannot_be_verified_is_no_pass_and_is_named() {
    let (s3, server) = (lab::s3s().await, Datastored::start(&[]));
    for (removal, look, check) in [
        ("DeleteObject", "ListObjectsV2", 4),
        ("AbortMultipartUpload", "ListMultipartUploads", 5),
    ] {
        let (proxy, bucket, config) = behind_a_proxy(&s3).await;
        let held = [proxy.hold("GetObject"), proxy.hold("ListParts")];
        let watched = watch(&server, config, Role::Enrichment).await;
        for held in &held {
            held.one_waits().await;
        }
        proxy.answer(look, Reply::error(500, "InternalError", "no"));
        let confirmed = Reply {
            status: 204,
            content_type: "application/xml",
            body: String::new(),
        };
        proxy.answer(removal, confirmed);
        release(&held);
        let report = watched.ended().await;
        let verdict = &verdicts(&report)[check];
        assert!(verdict.ends_with("INCONCLUSIVE NOT_REMOVED"), "{verdict}");
        let [residue] = &report.residue[..] else {
            panic!("{removal}: one thing is left: {:?}", report.residue);
        };
        carry_out(&s3, proxy.endpoint(), &residue.remedy).await;
        assert_holds(&s3, &bucket, &[]).await;
    }
}

/// The rights to remove are lost between the guards and the removals.
#[tokio::test]
async fn what_cannot_be_removed_is_named_with_the_command_that_does() {
    let (s3, server) = (lab::s3s().await, Datastored::start(&[]));
    let (proxy, bucket, config) = behind_a_proxy(&s3).await;
    let held = [proxy.hold("GetObject"), proxy.hold("ListParts")];
    let watched = watch(&server, config, Role::Enrichment).await;
    for held in &held {
        held.one_waits().await;
    }
    for operation in ["DeleteObject", "AbortMultipartUpload"] {
        proxy.answer(
            operation,
            Reply::error(403, "AccessDenied", "Access Denied"),
        );
    }
    release(&held);
    let report = watched.ended().await;
    let expected = [
        "LIST_OBJECTS PASSED",
        "LIST_MULTIPART_UPLOADS PASSED",
        "GET_OBJECT PASSED",
        "PUT_OBJECT PASSED",
        "DELETE_OBJECT FAILED ACCESS_DENIED",
        "ABORT_MULTIPART_UPLOAD FAILED ACCESS_DENIED",
        "LIST_PARTS PASSED",
    ];
    assert_eq!(verdicts(&report), expected);
    let left = [
        s3.keys_in(&bucket).await.len(),
        s3.open_uploads(&bucket).await.len(),
    ];
    assert_eq!(left, [1, 1]);
    assert_eq!(report.residue.len(), 2, "{:?}", report.residue);
    for residue in &report.residue {
        carry_out(&s3, proxy.endpoint(), &residue.remedy).await;
    }
    assert_holds(&s3, &bucket, &[]).await;
}

/// A store that confirms an abort and keeps the upload is not believed.
#[tokio::test]
async fn an_upload_that_stays_although_it_was_aborted_is_no_pass_and_is_named() {
    let (s3, server) = (lab::s3s().await, Datastored::start(&[]));
    let (proxy, bucket, config) = behind_a_proxy(&s3).await;
    let confirmed = Reply {
        status: 204,
        content_type: "application/xml",
        body: String::new(),
    };
    proxy.answer("AbortMultipartUpload", confirmed);
    let report = report(&server, config, Role::Enrichment).await;
    let abort = &verdicts(&report)[5];
    assert_eq!(abort, "ABORT_MULTIPART_UPLOAD INCONCLUSIVE NOT_REMOVED");
    let open = s3.open_uploads(&bucket).await;
    let [residue] = &report.residue[..] else {
        panic!("one thing is left: {:?}", report.residue);
    };
    assert_eq!(open, [(residue.key.clone(), residue.upload_id.clone())]);
    carry_out(&s3, proxy.endpoint(), &residue.remedy).await;
    assert_holds(&s3, &bucket, &[]).await;
}

/// A success that S3 would not word so: an `ETag` is missing, or there is a page where there is nothing.
#[tokio::test]
async fn a_yes_that_is_not_s3s_is_no_pass() {
    let (s3, server) = (lab::s3s().await, Datastored::start(&[]));
    for (operation, body, expected) in [
        ("PutObject", "", "PUT_OBJECT INCONCLUSIVE NOT_S3"),
        ("DeleteObject", "ok", "DELETE_OBJECT INCONCLUSIVE NOT_S3"),
        (
            "AbortMultipartUpload",
            "<html/>",
            "ABORT_MULTIPART_UPLOAD INCONCLUSIVE NOT_S3",
        ),
    ] {
        let (proxy, bucket, config) = behind_a_proxy(&s3).await;
        let reply = Reply {
            status: 200,
            content_type: "text/plain",
            body: body.to_owned(),
        };
        let held = proxy.hold(operation);
        proxy.answer(operation, reply);
        let mut watched = watch(&server, config, Role::Enrichment).await;
        // Before S3 has answered a call, it is the whole connection that is doubted.
        watched.until_ended(pb::Check::ListObjects).await;
        held.release();
        let report = watched.ended().await;
        let lines = verdicts(&report);
        assert!(lines.iter().any(|l| l == expected), "{lines:?}");
        assert_eq!(report.outcome(), pb::Outcome::Inconclusive, "{operation}");
        assert_holds(&s3, &bucket, &[]).await;
    }
}

/// What S3 answers when it is out of order says nothing about a permission.
#[tokio::test]
async fn an_error_of_the_store_is_never_a_missing_permission() {
    let (s3, server) = (lab::s3s().await, Datastored::start(&[]));
    for (status, code, reason) in [
        (503, "SlowDown", "THROTTLED"),
        (500, "InternalError", "S3_ERROR"),
        (501, "NotImplemented", "NOT_IMPLEMENTED"),
        (400, "InvalidRequest", "S3_ERROR"),
    ] {
        let (proxy, bucket, config) = behind_a_proxy(&s3).await;
        proxy.answer("ListMultipartUploads", Reply::error(status, code, "no"));
        proxy.answer("ListParts", Reply::error(status, code, "no"));
        let report = report(&server, config, Role::Enrichment).await;
        let expected = [
            "LIST_OBJECTS PASSED".to_owned(),
            format!("LIST_MULTIPART_UPLOADS INCONCLUSIVE {reason}"),
            "GET_OBJECT PASSED".to_owned(),
            "PUT_OBJECT PASSED".to_owned(),
            "DELETE_OBJECT PASSED".to_owned(),
            "ABORT_MULTIPART_UPLOAD PASSED".to_owned(),
            format!("LIST_PARTS INCONCLUSIVE {reason}"),
        ];
        assert_eq!(verdicts(&report), expected, "{code}");
        assert_eq!(report.missing_actions, Vec::<String>::new());
        assert_holds(&s3, &bucket, &[]).await;
    }
}

/// A web server between here and the store that refuses one call with a page of its own is not S3 refusing it.
#[tokio::test]
async fn a_refusal_by_something_in_between_is_never_a_missing_permission() {
    let (s3, server) = (lab::s3s().await, Datastored::start(&[]));
    for (content_type, body) in [
        ("text/html", "<html>blocked</html>"),
        ("text/plain", "blocked"),
    ] {
        let (proxy, bucket, config) = behind_a_proxy(&s3).await;
        let reply = Reply {
            status: 403,
            content_type,
            body: body.to_owned(),
        };
        proxy.answer("GetObject", reply);
        let report = report(&server, config, Role::Enrichment).await;
        assert_eq!(verdicts(&report)[2], "GET_OBJECT INCONCLUSIVE NOT_S3");
        assert_eq!(report.outcome(), pb::Outcome::Inconclusive);
        assert_eq!(report.missing_actions, Vec::<String>::new());
        assert_holds(&s3, &bucket, &[]).await;
    }
}

/// Some stores send a refusal without a body, so without a code.
#[tokio::test]
async fn a_refusal_without_a_code_is_a_missing_permission() {
    let (s3, server) = (lab::s3s().await, Datastored::start(&[]));
    let (proxy, _, config) = behind_a_proxy(&s3).await;
    let reply = Reply {
        status: 403,
        content_type: "application/xml",
        body: String::new(),
    };
    proxy.answer("GetObject", reply);
    let report = report(&server, config, Role::Enrichment).await;
    assert_eq!(verdicts(&report)[2], "GET_OBJECT FAILED ACCESS_DENIED");
    assert_eq!(report.missing_actions, ["s3:GetObject"]);
}

#[tokio::test]
async fn what_kms_refuses_is_blamed_on_kms() {
    let (s3, server) = (lab::s3s().await, Datastored::start(&[]));
    let (proxy, bucket, config) = behind_a_proxy(&s3).await;
    let words = "User: arn:aws:iam::111122223333:user/x is not authorized to perform: kms:GenerateDataKey on resource: arn:aws:kms:eu-west-1:111122223333:key/k because no identity-based policy allows the kms:GenerateDataKey action";
    let reply = Reply::error(403, "AccessDenied", words);
    proxy.answer("PutObject", reply.clone());
    proxy.answer("CreateMultipartUpload", reply);
    let report = report(&server, config, Role::Enrichment).await;
    assert_eq!(verdicts(&report)[3], "PUT_OBJECT FAILED KMS_ACCESS_DENIED");
    assert_eq!(report.missing_actions, ["kms:GenerateDataKey"]);
    assert_holds(&s3, &bucket, &[]).await;
}

#[tokio::test]
async fn content_that_changes_on_the_way_is_not_a_pass() {
    let (s3, server) = (lab::s3s().await, Datastored::start(&[]));
    let (proxy, bucket, config) = behind_a_proxy(&s3).await;
    let reply = Reply {
        status: 200,
        content_type: "text/plain",
        body: "from a cache".to_owned(),
    };
    let kept = Rule::reply(When::Always, reply).with("etag", "\"old\"");
    proxy.rule("GetObject", kept);
    let report = report(&server, config, Role::Enrichment).await;
    assert_eq!(
        verdicts(&report)[2],
        "GET_OBJECT INCONCLUSIVE CONTENT_MISMATCH"
    );
    assert_eq!(report.outcome(), pb::Outcome::Inconclusive);
    assert_holds(&s3, &bucket, &[]).await;
}
