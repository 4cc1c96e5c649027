//! Gives each call its id: in the log, in the metadata of the answer, and for the audit. And its span in the trace of the caller.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use http::{HeaderMap, HeaderValue, Request, Response};
use tonic::body::Body;
use tower::{Layer, Service};
use tracing::{Instrument, info_span};

use super::methods::Methods;
use super::trace::TracedCall;
use crate::model::call_id::CallId;

/// The metadata that a caller's id comes in, and that every answer has.
const HEADER: &str = "x-request-id";

/// The layer. Handlers find the [`CallId`] among the extensions of the request.
#[derive(Clone, Debug)]
pub struct RequestIds(pub Methods);

impl<S> Layer<S> for RequestIds {
    type Service = Identified<S>;

    fn layer(&self, inner: S) -> Self::Service {
        Identified {
            inner,
            methods: self.0.clone(),
        }
    }
}

/// A service whose calls have ids.
#[derive(Clone, Debug)]
pub struct Identified<S> {
    inner: S,
    methods: Methods,
}

impl<S, B> Service<Request<B>> for Identified<S>
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

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        let id = sent(request.headers()).unwrap_or_else(CallId::random);
        let span = info_span!("call", %id);
        let header = HeaderValue::from_str(id.as_str());
        let traced = TracedCall::begin(&id, request.uri().path(), &self.methods, request.headers());
        let trace = traced.span();
        request.extensions_mut().insert(id);
        let answer = trace.in_scope(|| span.in_scope(|| self.inner.call(request)));
        let answer = async move {
            let mut response = answer.await?;
            if let Ok(header) = header {
                response.headers_mut().insert(HEADER, header);
            }
            Ok(traced.answer(response))
        };
        Box::pin(answer.instrument(span).instrument(trace))
    }
}

/// The caller's own id. Two of them are none: nobody can tell which one is meant.
fn sent(headers: &HeaderMap) -> Option<CallId> {
    let mut values = headers.get_all(HEADER).iter();
    let value = values.next().filter(|_| values.next().is_none())?;
    value.to_str().ok().and_then(CallId::parse)
}
