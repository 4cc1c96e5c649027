//! What every call passes before its service, and its answer after it, in one layer: an id, the limits, the deadline, who calls, and errors in one form.
//!
//! One layer, and not one for each of these: every layer would box a future and a body of its own, for every call.

mod body;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use http::{Request, Response};
use tokio::time::timeout;
use tonic::Status;
use tonic::body::Body;
use tower::{Layer, Service};
use tracing::{Instrument, Span, info_span};

use super::authentication::Gate;
use super::load::{Bounds, Deadline, Kind, Seat};
use super::metering::{Metering, code};
use super::request_id;
use super::trace::TracedCall;
use super::transport_errors::{max_bytes, refuse_large, rewritten};
use super::web::Origins;
use body::Answer;

/// The layer. Handlers find the [`CallId`](crate::model::call_id::CallId) and the [`Caller`](crate::model::caller::Caller) among the extensions of the request.
#[derive(Clone, Debug)]
pub struct Front(Arc<Rules>);

#[derive(Debug)]
struct Rules {
    gate: Gate,
    bounds: Bounds,
    metering: Metering,
    origins: Origins,
    /// How long a call may take, whatever deadline it has.
    most: Duration,
}

/// A service behind the layer.
#[derive(Clone, Debug)]
pub struct Fronted<S> {
    rules: Arc<Rules>,
    inner: S,
}

impl Front {
    /// A layer that lets in whom the gate does, from pages of these origins, within these bounds. `most`: how long a call may take, whatever deadline it has.
    #[must_use]
    pub fn new(
        gate: Gate,
        bounds: Bounds,
        metering: Metering,
        origins: Origins,
        most: Duration,
    ) -> Self {
        Self(Arc::new(Rules {
            gate,
            bounds,
            metering,
            origins,
            most,
        }))
    }
}

impl<S> Layer<S> for Front {
    type Service = Fronted<S>;

    fn layer(&self, inner: S) -> Self::Service {
        Fronted {
            rules: Arc::clone(&self.0),
            inner,
        }
    }
}

impl<S, B> Service<Request<B>> for Fronted<S>
where
    S: Service<Request<B>, Response = Response<Body>> + Clone + Send + 'static,
    S::Future: Send,
    S::Error: Send,
    B: Send + 'static,
{
    type Response = Response<Answer>;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        let rules = Arc::clone(&self.rules);
        // The one that is ready makes the call; its clone waits to be.
        let clone = self.inner.clone();
        let inner = std::mem::replace(&mut self.inner, clone);
        let id = request_id::of(request.headers());
        let span = info_span!("call", %id);
        let header = request_id::header(&id);
        let (path, methods) = (request.uri().path(), rules.metering.methods());
        let traced = TracedCall::begin(&id, path, methods, request.headers());
        let trace = traced.as_ref().map_or_else(Span::none, TracedCall::span);
        request.extensions_mut().insert(id);
        let call = async move {
            let mut answer = rules.answer(request, inner).await?;
            answer.headers_mut().extend(header);
            Ok(match traced.and_then(|call| call.end(answer.headers())) {
                Some(call) => answer.map(|body| body.traced(call)),
                None => answer,
            })
        };
        Box::pin(call.instrument(span).instrument(trace))
    }
}

impl Rules {
    /// The answer to a call, counted.
    async fn answer<S, B>(
        &self,
        request: Request<B>,
        inner: S,
    ) -> Result<Response<Answer>, S::Error>
    where
        S: Service<Request<B>, Response = Response<Body>>,
    {
        let path = request.uri().path();
        let (running, most) = (self.metering.begin(path), max_bytes(path));
        let mut answer = self.in_time(request, inner).await?;
        if let Some(status) = rewritten(answer.headers(), most) {
            answer = refusal(status);
        }
        match (running, code(answer.headers())) {
            (Some(running), Some(code)) => {
                running.end(code);
                Ok(answer)
            }
            (None, _) => Ok(answer),
            (running, None) => Ok(answer.map(|body| body.ending(running))),
        }
    }

    /// The answer to a call within its time and the server's bounds.
    async fn in_time<S, B>(
        &self,
        mut request: Request<B>,
        mut inner: S,
    ) -> Result<Response<Answer>, S::Error>
    where
        S: Service<Request<B>, Response = Response<Body>>,
    {
        let headers = request.headers();
        if let Err(status) =
            refuse_large(headers).and_then(|()| self.origins.refuse_others(headers))
        {
            return Ok(refusal(status));
        }
        let deadline = Deadline::of(request.headers(), self.most);
        let kind = Kind::of(request.uri().path());
        let place = match self.bounds.of_the_server(kind) {
            Ok(place) => place,
            Err(status) => return Ok(refusal(status)),
        };
        let work = async {
            match self.admit(&mut request, kind).await {
                Ok(seat) => Ok((inner.call(request).await?, seat)),
                Err(status) => Ok((status.into_http(), None)),
            }
        };
        match timeout(deadline.of_the_answer(), work).await {
            Ok(done) => {
                let (answer, seat) = done?;
                let end = deadline.of_the_stream(kind);
                Ok(answer.map(|body| Answer::of(body).holding(place, seat, end)))
            }
            Err(_) => Ok(refusal(deadline.passed())),
        }
    }

    /// The seat of a caller who is known and may make the call, within the caller's bounds.
    async fn admit<B>(&self, request: &mut Request<B>, kind: Kind) -> Result<Option<Seat>, Status> {
        self.gate.admit(request).await?;
        self.bounds.of_the_caller(kind, request.extensions())
    }
}

fn refusal(status: Status) -> Response<Answer> {
    status.into_http().map(Answer::of)
}
