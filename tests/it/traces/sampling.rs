//! Which calls are traced, how each ends in its span, and in which trace it is.

use std::collections::HashSet;

use datastored::pb;
use tonic::Code;
use tonic::metadata::MetadataValue;

use super::collector::{Collector, attribute};
use super::{CALLER, TRACE, a_get, has_failed, hex, in_trace, start};
use crate::api::raw;
use crate::lab::eventually;
use crate::server::Datastored;

const GET: &str = "datastore.v1.DatastoreService/GetDatastore";
const LIST: &str = "datastore.v1.DatastoreService/ListDatastores";

/// Calls that is traced in any case, and waits for it: what was called before has come by then, if it comes at all.
async fn a_last_call(server: &Datastored, collector: &Collector) {
    let list = in_trace(pb::ListDatastoresRequest::default(), "01");
    let listed = server.client().await.list_datastores(list).await;
    listed.expect("it is answered");
    collector.one(LIST).await;
}

#[tokio::test]
async fn a_call_says_how_it_ended_and_only_what_is_the_servers_fault_has_failed() {
    let collector = Collector::start().await;
    let server = start(&collector, &[]);
    let channel = server.channel().await;
    let missing = server
        .client()
        .await
        .get_datastore(a_get("datastores/a"))
        .await;
    assert_eq!(missing.unwrap_err().code(), Code::NotFound);
    let span = collector.one(GET).await;
    assert_eq!(attribute(&span, "rpc.grpc.status_code"), "5");
    assert!(!has_failed(&span) && span.parent_span_id.is_empty());
    for path in [
        "/odd.v1.Service/Hidden",
        "/datastore.v1.DatastoreService/Hidden",
        "/",
    ] {
        raw::call(&channel, path, raw::frame(b"")).await;
    }
    let others = || {
        let spans = collector.spans().into_iter();
        spans
            .filter(|span| span.name == "other")
            .collect::<Vec<_>>()
    };
    eventually("all of them are there", || async { others().len() == 3 }).await;
    for other in others() {
        assert_eq!(attribute(&other, "rpc.method"), "other");
        assert_eq!(attribute(&other, "rpc.grpc.status_code"), "12");
        assert!(has_failed(&other));
    }
    let sent = String::from_utf8_lossy(&collector.bytes()).into_owned();
    assert!(!sent.contains("Hidden"), "{sent}");
}

#[tokio::test]
async fn a_call_that_a_layer_refuses_is_traced_too() {
    let collector = Collector::start().await;
    let server = start(&collector, &["--require-authentication"]);
    let mut client = server.client().await;
    let refused = client.get_datastore(in_trace(a_get("datastores/a"), "01"));
    assert_eq!(refused.await.unwrap_err().code(), Code::Unauthenticated);
    let span = collector.one(GET).await;
    assert_eq!(attribute(&span, "rpc.grpc.status_code"), "16");
    assert_eq!(
        (hex(&span.trace_id), hex(&span.parent_span_id)),
        (TRACE.into(), CALLER.into())
    );
}

#[tokio::test]
async fn what_names_no_trace_begins_one_of_its_own() {
    let collector = Collector::start().await;
    let server = start(&collector, &[]);
    let mut client = server.client().await;
    let good = format!("00-{TRACE}-{CALLER}-01");
    let bad = [
        vec![],
        vec!["nonsense".to_owned()],
        vec![format!("00-{}-{CALLER}-01", "0".repeat(32))],
        vec![good.clone(), good.replace('4', "5")],
        vec![format!("{good}{}", "0".repeat(1_000))],
    ];
    for parents in &bad {
        let mut request = tonic::Request::new(a_get("datastores/a"));
        for parent in parents {
            let parent = parent.parse().expect("metadata");
            request.metadata_mut().append("traceparent", parent);
        }
        assert!(client.get_datastore(request).await.is_err());
    }
    a_last_call(&server, &collector).await;
    let spans = collector.spans().into_iter().filter(|s| s.name == GET);
    let ids: HashSet<_> = spans
        .filter(|s| s.parent_span_id.is_empty())
        .map(|s| hex(&s.trace_id))
        .collect();
    assert_eq!(ids.len(), bad.len());
    assert!(!ids.contains(TRACE));
}

#[tokio::test]
async fn the_callers_word_counts_and_the_ratio_where_there_is_none() {
    for (ratio, flags, expected) in [
        ("0", Some("01"), true),
        ("1", Some("00"), false),
        ("0", None, false),
        ("1", None, true),
    ] {
        let collector = Collector::start().await;
        let server = start(&collector, &["--trace-sample-ratio", ratio]);
        let request = match flags {
            Some(flags) => in_trace(a_get("datastores/a"), flags),
            None => tonic::Request::new(a_get("datastores/a")),
        };
        assert!(server.client().await.get_datastore(request).await.is_err());
        a_last_call(&server, &collector).await;
        let is_traced = collector.spans().iter().any(|s| s.name == GET);
        assert_eq!(is_traced, expected, "{ratio} {flags:?}");
    }
}

#[tokio::test]
async fn a_state_of_the_trace_that_is_too_long_is_not_taken_over() {
    let collector = Collector::start().await;
    let server = start(&collector, &[]);
    let mut request = in_trace(a_get("datastores/a"), "01");
    let state = ["a", "b", "c"].map(|member| format!("{member}={}", "v".repeat(200)));
    let state = state.join(",");
    let state = MetadataValue::try_from(state).expect("metadata");
    request.metadata_mut().insert("tracestate", state);
    assert!(server.client().await.get_datastore(request).await.is_err());
    let span = collector.one(GET).await;
    assert_eq!(
        (hex(&span.trace_id).as_str(), span.trace_state.as_str()),
        (TRACE, "")
    );
}
