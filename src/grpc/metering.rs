//! Counts the calls: which method, how each ended, how long it took.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use http::{HeaderMap, Request, Response};
use http_body::{Frame, SizeHint};
use prost::bytes::Bytes;
use tonic::Status;
use tonic::body::Body;
use tower::{Layer, Service};

use super::methods::Methods;
use crate::metrics::{Calls, Running};

/// The names of the gRPC codes, by their numbers.
const CODES: [&str; 17] = [
    "OK",
    "CANCELLED",
    "UNKNOWN",
    "INVALID_ARGUMENT",
    "DEADLINE_EXCEEDED",
    "NOT_FOUND",
    "ALREADY_EXISTS",
    "PERMISSION_DENIED",
    "RESOURCE_EXHAUSTED",
    "FAILED_PRECONDITION",
    "ABORTED",
    "OUT_OF_RANGE",
    "UNIMPLEMENTED",
    "INTERNAL",
    "UNAVAILABLE",
    "DATA_LOSS",
    "UNAUTHENTICATED",
];

/// The layer.
#[derive(Clone, Debug)]
pub struct Metering {
    /// None when nobody asks for metrics: then nothing is counted.
    calls: Option<Calls>,
    methods: Methods,
}

impl Metering {
    /// A layer that counts these methods by their names, and all others as one; or nothing at all.
    #[must_use]
    pub fn new(calls: Option<Calls>, methods: Methods) -> Self {
        Self { calls, methods }
    }

    fn begin(&self, path: &str) -> Option<Running> {
        let calls = self.calls.as_ref()?;
        Some(calls.begin(Arc::clone(self.methods.at(path))))
    }
}

impl<S> Layer<S> for Metering {
    type Service = Metered<S>;

    fn layer(&self, inner: S) -> Self::Service {
        Metered {
            metering: self.clone(),
            inner,
        }
    }
}

/// A service whose calls are counted.
#[derive(Clone, Debug)]
pub struct Metered<S> {
    metering: Metering,
    inner: S,
}

impl<S, B> Service<Request<B>> for Metered<S>
where
    S: Service<Request<B>, Response = Response<Body>>,
    S::Future: Send + 'static,
{
    type Response = Response<Body>;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let running = self.metering.begin(request.uri().path());
        let answer = self.inner.call(request);
        let Some(running) = running else {
            return Box::pin(answer);
        };
        Box::pin(async move {
            let response = answer.await?;
            if let Some(code) = code(response.headers()) {
                running.end(code);
                return Ok(response);
            }
            let running = Some(running);
            Ok(response.map(|body| Body::new(Answer { body, running })))
        })
    }
}

/// The body of an answer, in whose trailers the call ends.
struct Answer {
    body: Body,
    running: Option<Running>,
}

impl http_body::Body for Answer {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(cx));
        if let Some(Ok(frame)) = &frame
            && let Some(code) = frame.trailers_ref().and_then(code)
            && let Some(running) = self.running.take()
        {
            running.end(code);
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

/// The name of the code that headers or trailers have.
fn code(headers: &HeaderMap) -> Option<&'static str> {
    let number = headers.get("grpc-status")?.to_str().ok();
    let number = number.and_then(|number| number.parse::<usize>().ok());
    Some(
        number
            .and_then(|n| CODES.get(n))
            .copied()
            .unwrap_or("UNKNOWN"),
    )
}
