//! The span of a call in the caller's trace, by the conventions of `OpenTelemetry` for gRPC servers. It is none where no traces are sent.

use http::HeaderMap;
use opentelemetry::Context as Trace;
use opentelemetry::propagation::{Extractor, TextMapPropagator};
use opentelemetry_sdk::propagation::TraceContextPropagator;
use tonic::Code;
use tracing::field::Empty;
use tracing::{Level, Span, info_span, span_enabled};
use tracing_opentelemetry::OpenTelemetrySpanExt;

use super::methods::Methods;
use crate::model::call_id::CallId;
use crate::spans::{ERROR, TARGET};

/// A `tracestate` that is longer is not taken over: every span of the trace would carry it. It is the least that
/// [W3C Trace Context](https://www.w3.org/TR/trace-context/#tracestate-limits) asks for.
const MAX_TRACESTATE: usize = 512;

/// A call that has begun. When it is dropped before it has ended, its caller has gone.
#[derive(Debug)]
pub(super) struct TracedCall {
    span: Span,
    code: Code,
}

impl TracedCall {
    /// A call begins, in the trace that its headers name, or else in one of its own. None where no traces are sent.
    pub(super) fn begin(
        id: &CallId,
        path: &str,
        methods: &Methods,
        headers: &HeaderMap,
    ) -> Option<Self> {
        if !span_enabled!(target: TARGET, Level::INFO) {
            return None;
        }
        let name = &**methods.at(path);
        let (service, method) = name.split_once('/').unzip();
        let span = info_span!(
            target: TARGET,
            parent: None,
            "rpc",
            otel.name = name,
            otel.kind = "server",
            otel.status_code = Empty,
            rpc.system = "grpc",
            rpc.service = service,
            rpc.method = method.unwrap_or(name),
            rpc.grpc.status_code = Empty,
            datastored.call.id = %id,
        );
        let parent =
            TraceContextPropagator::new().extract_with_context(&Trace::new(), &Headers(headers));
        // It fails for a span that has begun already, which this one has not.
        let _ = span.set_parent(parent);
        let code = Code::Cancelled;
        Some(Self { span, code })
    }

    /// The span, for the call to run in.
    pub(super) fn span(&self) -> Span {
        self.span.clone()
    }

    /// The call ends with the code among these headers or trailers, if there is one; otherwise it goes on.
    pub(super) fn end(mut self, headers: &HeaderMap) -> Option<Self> {
        let Some(status) = headers.get("grpc-status") else {
            return Some(self);
        };
        self.code = Code::from_bytes(status.as_bytes());
        None
    }
}

impl Drop for TracedCall {
    fn drop(&mut self) {
        // Its time ends where it is entered last.
        let _now = self.span.enter();
        self.span.record("rpc.grpc.status_code", self.code as i32);
        if is_our_fault(self.code) {
            self.span.record("otel.status_code", ERROR);
        }
    }
}

/// Whether a call that ends so has failed in the eyes of a server, as the conventions have it.
fn is_our_fault(code: Code) -> bool {
    matches!(
        code,
        Code::Unknown
            | Code::DeadlineExceeded
            | Code::Unimplemented
            | Code::Internal
            | Code::Unavailable
            | Code::DataLoss
    )
}

/// The headers that name a trace.
struct Headers<'a>(&'a HeaderMap);

impl Extractor for Headers<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        let mut values = self.0.get_all(key).iter();
        // Two of them are none: nobody can tell which one is meant.
        let value = values.next().filter(|_| values.next().is_none())?;
        let value = value.to_str().ok();
        value.filter(|value| value.len() <= MAX_TRACESTATE)
    }

    fn keys(&self) -> Vec<&str> {
        self.0.keys().map(http::HeaderName::as_str).collect()
    }
}
