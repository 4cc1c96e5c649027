//! A connection test in a trace: the call, the test, its checks, each call of S3; and no secret in any of it.

use datastored::pb::test_connection_response::Event;
use datastored::pb::{self, Outcome, Role, Verdict};
use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use rustix::process::Signal;

use super::collector::{Collector, attribute, value};
use super::{CALLER, TRACE, a_test, has_failed, hex, in_trace, start};
use crate::api::sent;
use crate::connection::versions::versioned_bucket;
use crate::connection::{behind_a_proxy, config, logged};
use crate::lab::proxy::release;
use crate::lab::{self, Kind, eventually, policies};
use crate::residue::midway;
use crate::server::Datastored;

const RPC: &str = "datastore.v1.DatastoreService/TestConnection";
const TEST: &str = "connection test";

/// Runs a test in the caller's trace to its report.
async fn report(server: &Datastored, s3: pb::S3Config, role: Role) -> pb::ConnectionTestReport {
    let mut request = in_trace(a_test(s3, role), "01");
    let state = "vendor=value".parse().expect("metadata");
    request.metadata_mut().insert("tracestate", state);
    let id = "deploy-4711".parse().expect("metadata");
    request.metadata_mut().insert("x-request-id", id);
    let mut events = sent(server.client().await.test_connection(request).await);
    loop {
        let event = events.message().await.expect("it goes well");
        if let Some(Event::Completed(completed)) = event.expect("there is a report").event {
            assert!(events.message().await.expect("it ends well").is_none());
            return completed;
        }
    }
}

fn children<'a>(spans: &'a [Span], of: &Span) -> Vec<&'a Span> {
    let of = spans.iter().filter(|s| s.parent_span_id == of.span_id);
    of.collect()
}

fn named<'a>(spans: &'a [Span], name: &str) -> &'a Span {
    let found: Vec<_> = spans.iter().filter(|s| s.name == name).collect();
    assert_eq!(found.len(), 1, "{name} in {spans:#?}");
    found[0]
}

#[tokio::test]
async fn a_test_that_fails_is_one_trace_from_the_callers_span_to_each_call_of_s3() {
    let (s3, collector) = (lab::moto().await, Collector::start().await);
    let server = start(&collector, &[]);
    let bucket = s3.bucket().await;
    let policy = policies::enrichment_without(&bucket, "s3:ListMultipartUploadParts", Kind::Moto);
    let keys = s3.user(&policy).await;
    let s3 = config(&s3, &format!("s3://{bucket}/a"), &keys);
    let report = report(&server, s3, Role::Enrichment).await;
    assert_eq!(report.outcome(), Outcome::Failed);
    collector.one(TEST).await;
    collector.one(RPC).await;
    server.signal(Signal::TERM);
    let (_, log) = server.ended_with_log().await;
    let spans = collector.spans();
    assert!(spans.iter().all(|s| hex(&s.trace_id) == TRACE));
    assert!(spans.iter().all(|s| s.trace_state == "vendor=value"));

    let rpc = named(&spans, RPC);
    assert_eq!(hex(&rpc.parent_span_id), CALLER);
    assert_eq!(rpc.kind(), SpanKind::Server);
    assert!(!has_failed(rpc), "the stream has ended well");
    for (name, expected) in [
        ("rpc.system", "grpc"),
        ("rpc.service", "datastore.v1.DatastoreService"),
        ("rpc.method", "TestConnection"),
        ("rpc.grpc.status_code", "0"),
        ("datastored.call.id", "deploy-4711"),
    ] {
        assert_eq!(attribute(rpc, name), expected, "{rpc:#?}");
    }
    let [test] = &children(&spans, rpc)[..] else {
        panic!("{spans:#?}");
    };
    assert_eq!((&*test.name, has_failed(test)), (TEST, true));
    // The call goes on until its stream has ended.
    let last = children(&spans, test)
        .into_iter()
        .map(|s| s.end_time_unix_nano)
        .max();
    assert!(Some(rpc.end_time_unix_nano) > last);
    assert_eq!(attribute(test, "datastored.test.id"), report.test_id);
    assert_eq!(attribute(test, "datastored.test.outcome"), "FAILED");
    for check in &report.checks {
        the_check_has_its_span(&spans, test, check);
    }
    the_calls_of_s3_are_described(&spans, test, &bucket);
    let version = value(&collector.resource(), "service.version");
    assert_eq!(version, env!("CARGO_PKG_VERSION"));
    assert_eq!(value(&collector.resource(), "service.name"), "datastored");

    let sent = collector.bytes();
    let sent = String::from_utf8_lossy(&sent);
    for hidden in [
        &*keys.secret_access_key,
        "AWS4-HMAC",
        "Signature",
        "uthorization",
        "x-amz-",
    ] {
        assert!(!sent.contains(hidden), "{hidden} was sent");
    }
    the_log_is_as_it_was(&log);
}

/// Its span is the test's child, ends as the report says, and has the call within it that the report rests on.
fn the_check_has_its_span(spans: &[Span], test: &Span, check: &pb::CheckResult) {
    let name = check.check().as_str_name();
    let name = name.trim_start_matches("CHECK_");
    let all = children(spans, test);
    let mut found = all
        .iter()
        .filter(|s| attribute(s, "datastored.check.name") == name);
    let span = found.next().unwrap_or_else(|| panic!("{name} in {all:#?}"));
    assert!(found.next().is_none(), "{name} is there twice");
    let verdict = check.verdict().as_str_name();
    let verdict = verdict.trim_start_matches("VERDICT_");
    assert_eq!(attribute(span, "datastored.check.verdict"), verdict);
    assert_eq!(has_failed(span), check.verdict() == Verdict::Failed);
    assert_eq!(span.name.replace(' ', "_").to_uppercase(), name);
    let finding = check.finding.as_ref().map(|f| f.reason().as_str_name());
    let finding = finding.unwrap_or_default().replace("FINDING_REASON_", "");
    assert_eq!(attribute(span, "datastored.check.finding"), finding);
    let evidence = check.evidence.as_ref().expect("each was tried");
    let calls = children(spans, span);
    let of_it = calls.iter().find(|call| {
        call.name == format!("S3/{}", evidence.operation)
            && attribute(call, "aws.request_id") == evidence.request_id
            && attribute(call, "http.response.status_code") == evidence.http_status.to_string()
    });
    assert!(of_it.is_some(), "{evidence:?} is not in {calls:#?}");
}

fn the_calls_of_s3_are_described(spans: &[Span], test: &Span, bucket: &str) {
    let calls: Vec<_> = spans.iter().filter(|s| s.name.starts_with("S3/")).collect();
    assert!(calls.len() >= 9, "{calls:#?}");
    let checks = children(spans, test);
    for call in &calls {
        let is_within = |s: &&Span| s.span_id == call.parent_span_id;
        assert!(
            checks.iter().any(is_within) || is_within(&test),
            "{call:#?}"
        );
        assert_eq!(call.kind(), SpanKind::Client);
        assert_eq!(attribute(call, "rpc.system"), "aws-api");
        assert_eq!(attribute(call, "aws.s3.bucket"), bucket);
        let (service, method) = call.name.split_once('/').expect("two words");
        assert_eq!(attribute(call, "rpc.service"), service);
        assert_eq!(attribute(call, "rpc.method"), method);
        let status: u16 = attribute(call, "http.response.status_code")
            .parse()
            .expect("a status");
        assert_eq!(has_failed(call), status >= 400, "{call:#?}");
    }
    let refused = named(spans, "S3/ListParts");
    assert_eq!(attribute(refused, "error.type"), "AccessDenied");
}

/// The spans of traces are not in it, and each line knows its call and its test.
fn the_log_is_as_it_was(log: &str) {
    assert!(!log.contains("otel.") && !log.contains("rpc."), "{log}");
    let ended = log.lines().find(|l| l.contains("connection test ended"));
    let ended = serde_json::from_str(ended.expect("it is logged"));
    let ended: serde_json::Value = ended.expect("a line is JSON");
    let names: Vec<_> = ended["spans"]
        .as_array()
        .expect("spans")
        .iter()
        .map(|s| &s["name"])
        .collect();
    assert_eq!(names, ["call", "connection_test"]);
    assert_eq!(ended["spans"][0]["id"], "deploy-4711");
}

#[tokio::test]
async fn a_test_that_outlives_its_call_is_still_in_its_trace_and_a_call_that_hangs_is_given_up() {
    let (s3, collector) = (lab::s3s().await, Collector::start().await);
    let server = start(&collector, &["--check-timeout", "2s"]);
    let (proxy, _, config) = behind_a_proxy(&s3).await;
    let held = proxy.hold("ListObjectsV2");
    let asked = in_trace(a_test(config, Role::Source), "01");
    let events = server.client().await.test_connection(asked).await;
    held.one_waits().await;
    drop(events);
    let rpc = collector.one(RPC).await;
    assert_eq!(attribute(&rpc, "rpc.grpc.status_code"), "1");
    let test = collector.one(TEST).await;
    assert_eq!(test.parent_span_id, rpc.span_id);
    assert_eq!(attribute(&test, "datastored.test.outcome"), "INCONCLUSIVE");
    let call = collector.one("S3/ListObjectsV2").await;
    assert_eq!(attribute(&call, "error.type"), "given_up");
    assert!(has_failed(&call));
    assert!(test.end_time_unix_nano > rpc.end_time_unix_nano);
    held.release();
}

#[tokio::test]
async fn what_is_skipped_is_a_span_that_has_not_failed() {
    let collector = Collector::start().await;
    let server = start(&collector, &[]);
    let nobody = crate::server::s3_config("s3://logs", "http://127.0.0.1:1", "AKIA", "secret");
    report(&server, nobody, Role::Enrichment).await;
    let test = collector.one(TEST).await;
    assert_eq!(
        attribute(&test, "datastored.test.finding"),
        "CONNECTION_REFUSED"
    );
    let check = collector.one("get object").await;
    assert_eq!(attribute(&check, "datastored.check.verdict"), "SKIPPED");
    assert!(!has_failed(&check));
    assert_eq!(check.parent_span_id, test.span_id);
}

#[tokio::test]
async fn what_the_next_test_removes_is_in_its_trace() {
    let (s3, collector) = (lab::moto().await, Collector::start().await);
    let server = start(&collector, &[]);
    let bucket = versioned_bucket(&s3).await;
    let uri = format!("s3://{bucket}/here");
    let may_not = config(&s3, &uri, &s3.user(&policies::enrichment(&bucket)).await);
    let left = report(&server, may_not, Role::Enrichment).await;
    assert!(!left.residue.is_empty());
    let test = collector.one(TEST).await;
    let residue = left.residue.len().to_string();
    assert_eq!(attribute(&test, "datastored.test.residue"), residue);
    report(&server, config(&s3, &uri, s3.admin()), Role::Enrichment).await;
    let sweep = collector.one("sweep").await;
    assert_eq!(attribute(&sweep, "datastored.test.id"), left.test_id);
    eventually("the second test is there", || async {
        let spans = collector.spans();
        spans
            .iter()
            .any(|s| s.span_id == sweep.parent_span_id && s.name == TEST)
    })
    .await;
    let spans = collector.spans();
    assert!(
        children(&spans, &sweep)
            .iter()
            .all(|s| s.name.starts_with("S3/"))
    );
    assert!(!children(&spans, &sweep).is_empty());
}

#[tokio::test]
async fn what_is_removed_after_the_test_is_in_a_trace_of_its_own_and_the_test_is_seen_before() {
    let (s3, collector) = (lab::s3s().await, Collector::start().await);
    let server = start(
        &collector,
        &["--check-timeout", "2s", "--cleanup-timeout", "2s"],
    );
    let midway = midway(&server, &s3).await;
    let proxy = midway.proxy;
    let removals = ["DeleteObject", "AbortMultipartUpload"].map(|operation| proxy.hold(operation));
    release(&midway.held);
    let report = midway.watched.ended().await;
    let test = collector.one(TEST).await;
    assert_eq!(attribute(&test, "datastored.test.residue"), "2");
    proxy.mend();
    release(&removals);
    logged(&server, "had left is removed").await;
    let is_last = |s: &Span| s.name == "sweep" && s.parent_span_id.is_empty();
    eventually("the sweep is there", || async {
        collector.spans().iter().any(is_last)
    })
    .await;
    let spans = collector.spans();
    for sweep in spans.iter().filter(|s| s.name == "sweep") {
        assert_eq!(attribute(sweep, "datastored.test.id"), report.test_id);
        assert_ne!(sweep.trace_id, test.trace_id);
        assert!(!children(&spans, sweep).is_empty());
    }
}
