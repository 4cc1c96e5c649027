//! Answers that have no end cost neither memory nor more time than a check has.

use std::fs;

use datastored::pb::{self, ErrorReason, FindingReason};

use super::{ROLES, at};
use crate::api::{creation, refused, sent};
use crate::connection::report;
use crate::lab::hostile::{Endless, Hostile};
use crate::server::{Datastored, datastore};
use crate::traps::assert_broken;

/// The most that the memory of the server may grow by, in KiB: some connections at once, each with what is read of an answer at the most, twice.
const MAX_GROWTH: usize = 48 * 1024;

/// The most memory that the server has had so far, in KiB.
fn peak(server: &Datastored) -> usize {
    let status = fs::read_to_string(format!("/proc/{}/status", server.pid()));
    let status = status.expect("the server runs");
    let line = status.lines().find_map(|l| l.strip_prefix("VmHWM:"));
    let kib = line.and_then(|l| l.split_whitespace().next());
    let kib = kib.and_then(|k| k.parse().ok());
    kib.expect("Linux tells the peak of the memory")
}

/// Tests in both roles; returns the cause that both have.
async fn cause_of(answer: Endless, reason: FindingReason) -> pb::Finding {
    // What is cut off is tried again, with pauses that have to fit in; what is waited for is waited for to the end.
    let patience = match reason {
        FindingReason::Timeout => "2s",
        _ => "30s",
    };
    let server = Datastored::start(&["--check-timeout", patience]);
    let store = Hostile::start(answer).await;
    let before = peak(&server);
    let mut cause = pb::Finding::default();
    for role in ROLES {
        let report = report(&server, at(&store.endpoint()), role).await;
        cause = assert_broken(&report, reason);
    }
    let growth = peak(&server) - before;
    assert!(growth < MAX_GROWTH, "the server has grown by {growth} KiB");
    assert!(store.connections() > 0);
    cause
}

#[tokio::test]
async fn an_endless_body_is_cut_off() {
    for head in [
        "HTTP/1.1 200 OK\r\ncontent-type: application/xml\r\n\r\n<ListBucketResult><Name>",
        "HTTP/1.1 403 Forbidden\r\n\r\n<Error><Code>AccessDenied</Code><Message>",
        "HTTP/1.1 200 OK\r\ncontent-length: 1000000000000\r\n\r\n<ListBucketResult><Name>",
    ] {
        let cause = cause_of(Endless::flood(head, "x"), FindingReason::NotS3).await;
        assert!(cause.title.contains("longer than any"), "{cause:?}");
    }
    let head = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
    let cause = cause_of(Endless::flood(head, "1\r\nx\r\n"), FindingReason::NotS3).await;
    assert!(cause.title.contains("longer than any"), "{cause:?}");
}

#[tokio::test]
async fn endless_headers_are_cut_off() {
    let unreachable = FindingReason::EndpointUnreachable;
    for (head, then) in [
        ("HTTP/1.1 200 OK\r\n", "x-a: b\r\n"),
        ("HTTP/1.1 200 OK\r\nx-a: ", "x"),
        ("HTTP/1.1 200 ", "x"),
    ] {
        cause_of(Endless::flood(head, then), unreachable).await;
    }
}

/// What HTTP allows around the body: the extension of a chunk, trailers, and answers before the answer.
#[tokio::test]
async fn what_else_of_an_answer_has_no_end_is_cut_off() {
    let chunk = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4;";
    let trailers = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\n<Lis\r\n0\r\n";
    let interim = Endless::flood("", "HTTP/1.1 103 Early Hints\r\n\r\n");
    tokio::join!(
        cause_of(Endless::flood(chunk, "x"), FindingReason::NotS3),
        cause_of(Endless::flood(trailers, "x-a: b\r\n"), FindingReason::NotS3),
        cause_of(interim, FindingReason::Timeout),
    );
}

#[tokio::test]
async fn one_byte_a_second_is_a_timeout() {
    let body = "HTTP/1.1 200 OK\r\ncontent-type: application/xml\r\n\r\n<ListBucketResult><Name>";
    let header = "HTTP/1.1 200 OK\r\nx-a: ";
    let status = "HTTP/1.1 200 ";
    let of = |head| cause_of(Endless::drip(head), FindingReason::Timeout);
    tokio::join!(of(body), of(header), of(status));
}

/// A claim is no test, and has no time of its own but for each call.
#[tokio::test]
async fn a_claim_does_not_wait_for_one_byte_a_second() {
    let server = Datastored::start(&["--check-timeout", "2s"]);
    let mut client = server.client().await;
    let of_an_object = "HTTP/1.1 200 OK\r\netag: \"x\"\r\n\r\n";
    for (title, head) in [("Slow body", of_an_object), ("Slow head", "HTTP/1.1 200 ")] {
        let store = Hostile::start(Endless::drip(head)).await;
        let slow = datastore(title, pb::Role::Enrichment, at(&store.endpoint()));
        let name = sent(client.create_datastore(creation(slow)).await).name;
        let claim = client.claim_prefix(pb::ClaimPrefixRequest { name }).await;
        let refusal = refused(claim, ErrorReason::ClaimFailed);
        assert!(refusal.message.contains("did not answer in time"));
    }
}
