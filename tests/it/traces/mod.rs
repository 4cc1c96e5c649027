//! Traces: what is sent to a collector, and that nobody depends on one; here is what these tests share.

mod collector;
mod gone;
mod sampling;
mod sending;
mod tests;

use std::fmt::Write;

use datastored::pb;
use datastored::pb::test_connection_request::Target;
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;
use opentelemetry_proto::tonic::trace::v1::{Span, Status};
use tonic::Request;

use crate::server::{Datastored, datastore};
use collector::Collector;

/// Sends spans soon after they have ended.
const SOON: (&str, &str) = ("OTEL_BSP_SCHEDULE_DELAY", "50");
/// Sends spans when the server stops.
const AT_THE_END: (&str, &str) = ("OTEL_BSP_SCHEDULE_DELAY", "3600000");

/// A trace of the caller's, which is sampled: its id, and that of the span in it.
const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const CALLER: &str = "00f067aa0ba902b7";

/// A server whose spans the collector gets soon.
fn start(collector: &Collector, options: &[&str]) -> Datastored {
    let sending = ["--otlp-endpoint", &collector.endpoint];
    Datastored::start_with(&[&sending, options].concat(), &[SOON])
}

/// A message in the caller's trace, with these flags.
fn in_trace<M>(message: M, flags: &str) -> Request<M> {
    let mut request = Request::new(message);
    let parent = format!("00-{TRACE}-{CALLER}-{flags}");
    let parent = parent.parse().expect("metadata");
    request.metadata_mut().insert("traceparent", parent);
    request
}

fn a_get(name: &str) -> pb::GetDatastoreRequest {
    pb::GetDatastoreRequest {
        name: name.to_owned(),
    }
}

/// The test of an unsaved datastore.
fn a_test(s3: pb::S3Config, role: pb::Role) -> pb::TestConnectionRequest {
    pb::TestConnectionRequest {
        target: Some(Target::Datastore(datastore("", role, s3))),
        ..pb::TestConnectionRequest::default()
    }
}

fn hex(id: &[u8]) -> String {
    let mut text = String::new();
    for byte in id {
        write!(text, "{byte:02x}").expect("a string takes everything");
    }
    text
}

fn has_failed(span: &Span) -> bool {
    let status = span.status.as_ref().map(Status::code);
    status == Some(StatusCode::Error)
}
