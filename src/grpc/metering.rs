//! Counts the calls: which method, how each ended, how long it took.

use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use http::{HeaderMap, Request, Response};
use http_body::{Frame, SizeHint};
use prost::Message;
use prost::bytes::Bytes;
use prost_types::FileDescriptorSet;
use tonic::Status;
use tonic::body::Body;
use tower::{Layer, Service};

use crate::metrics::{Calls, Running};

/// What stands for every method that no descriptor has.
const OTHER: &str = "other";

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
    methods: Arc<HashMap<String, Arc<str>>>,
    other: Arc<str>,
}

impl Metering {
    /// A layer that counts the methods of these descriptor sets by their names, and all others as one; or nothing at all.
    #[must_use]
    pub fn new(calls: Option<Calls>, descriptors: &[&[u8]]) -> Self {
        let sets = descriptors.iter().flat_map(|d| methods_of(d));
        Self {
            calls,
            methods: Arc::new(sets.collect()),
            other: OTHER.into(),
        }
    }

    fn begin(&self, path: &str) -> Option<Running> {
        let calls = self.calls.as_ref()?;
        let method = self.methods.get(path).unwrap_or(&self.other);
        Some(calls.begin(Arc::clone(method)))
    }
}

/// The methods of a descriptor set, by the paths they are called at.
fn methods_of(descriptors: &[u8]) -> Vec<(String, Arc<str>)> {
    // One that cannot be read has none. Reflection does not serve it either, and says so at the start.
    let set = FileDescriptorSet::decode(descriptors).unwrap_or_default();
    let mut methods = Vec::new();
    for file in &set.file {
        for service in &file.service {
            for method in &service.method {
                let (package, service) = (file.package(), service.name());
                let name = format!("{package}.{service}/{}", method.name());
                methods.push((format!("/{name}"), name.into()));
            }
        }
    }
    methods
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
