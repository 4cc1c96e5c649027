//! The span of a call in the caller's trace, by the conventions of `OpenTelemetry` for gRPC servers. It is none where no traces are sent.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http::{HeaderMap, Response};
use http_body::{Frame, SizeHint};
use opentelemetry::Context as Trace;
use opentelemetry::propagation::{Extractor, TextMapPropagator};
use opentelemetry_sdk::propagation::TraceContextPropagator;
use prost::bytes::Bytes;
use tonic::body::Body;
use tonic::{Code, Status};
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
    /// A call begins, in the trace that its headers name, or else in one of its own.
    pub(super) fn begin(id: &CallId, path: &str, methods: &Methods, headers: &HeaderMap) -> Self {
        let code = Code::Cancelled;
        if !span_enabled!(target: TARGET, Level::INFO) {
            return Self {
                span: Span::none(),
                code,
            };
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
        Self { span, code }
    }

    /// The span, for the call to run in.
    pub(super) fn span(&self) -> Span {
        self.span.clone()
    }

    /// The call is answered: it ends with the code among the headers, or with the one in the trailers.
    pub(super) fn answer(mut self, response: Response<Body>) -> Response<Body> {
        if self.span.is_disabled() {
            return response;
        }
        if let Some(code) = code(response.headers()) {
            self.code = code;
            return response;
        }
        let call = Some(self);
        response.map(|body| Body::new(Answer { body, call }))
    }
}

impl Drop for TracedCall {
    fn drop(&mut self) {
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

fn code(headers: &HeaderMap) -> Option<Code> {
    let status = headers.get("grpc-status")?;
    Some(Code::from_bytes(status.as_bytes()))
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

/// The body of an answer, in whose trailers the call ends.
struct Answer {
    body: Body,
    call: Option<TracedCall>,
}

impl http_body::Body for Answer {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let span = self.call.as_ref().map_or_else(Span::none, TracedCall::span);
        let frame = span.in_scope(|| Pin::new(&mut self.body).poll_frame(cx));
        let frame = ready!(frame);
        if let Some(Ok(frame)) = &frame
            && let Some(code) = frame.trailers_ref().and_then(code)
            && let Some(mut call) = self.call.take()
        {
            call.code = code;
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
