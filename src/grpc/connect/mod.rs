//! The Connect protocol on the port of gRPC, for curl and for clients that speak neither gRPC nor gRPC-Web (<https://connectrpc.com/docs/protocol>).
//!
//! Calls are translated to gRPC before anything else sees them, and their answers back, so all that holds for gRPC holds for them. The body is not read
//! here: it is translated when the service asks for it, which is after its caller and the bounds have been looked at.

mod answer;
mod error;
mod events;
mod form;
mod question;
mod schema;

use std::future::{Future, ready};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_util::future::Either;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Request, Response, StatusCode, Version};
use http_body_util::Full;
use prost::bytes::Bytes;
use prost_reflect::MethodDescriptor;
use tonic::body::Body;
use tower::{Layer, Service};

use form::{Form, accepted};
use schema::Schema;

/// The layer. It looks at the content type of each request, and lets those pass that are not its own.
#[derive(Clone, Debug)]
pub struct Connect(Arc<Schema>);

/// A service behind the layer.
#[derive(Clone, Debug)]
pub struct Connected<S> {
    schema: Arc<Schema>,
    inner: S,
}

impl Connect {
    /// A layer for the methods of these descriptor sets.
    #[must_use]
    pub fn new(descriptors: &[&[u8]]) -> Self {
        Self(Arc::new(Schema::of(descriptors)))
    }
}

impl<S> Layer<S> for Connect {
    type Service = Connected<S>;

    fn layer(&self, inner: S) -> Self::Service {
        let schema = Arc::clone(&self.0);
        Connected { schema, inner }
    }
}

type Translated<E> = Pin<Box<dyn Future<Output = Result<Response<Body>, E>> + Send>>;

impl<S> Service<Request<Body>> for Connected<S>
where
    S: Service<Request<Body>, Response = Response<Body>>,
    S::Future: Send + 'static,
    S::Error: Send + 'static,
{
    type Response = Response<Body>;
    type Error = S::Error;
    type Future = Either<S::Future, Translated<S::Error>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let Some(form) = Form::of(&request) else {
            if is_no_call(&request) {
                return Either::Right(Box::pin(ready(Ok(no_call()))));
            }
            return Either::Left(self.inner.call(request));
        };
        let method = self.schema.method(request.uri().path());
        if let Some(method) = method.as_ref().filter(|method| !form.fits(method)) {
            return Either::Right(Box::pin(ready(Ok(other_form(method)))));
        }
        let (input, output) = method
            .map(|method| (method.input(), method.output()))
            .unzip();
        let schema = Arc::clone(&self.schema);
        let answer = self.inner.call(question::translated(request, form, input));
        Either::Right(Box::pin(async move {
            let answer = answer.await?;
            Ok(answer::translated(answer, form, output, schema).await)
        }))
    }
}

/// Whether gRPC-Web, too, would take it for no call: over HTTP/1.1 there is no gRPC.
fn is_no_call(request: &Request<Body>) -> bool {
    let kind = request.headers().get(CONTENT_TYPE);
    let is_web = kind.is_some_and(|kind| kind.as_bytes().starts_with(b"application/grpc-web"));
    request.version() < Version::HTTP_2 && !is_web
}

/// The answer to it, for a person who tries with curl.
fn no_call() -> Response<Body> {
    const TEXT: &str = "This is a gRPC server. Over HTTP/1.1, POST to /datastore.v1.DatastoreService/METHOD, with content-type: application/json and a message in \
                        JSON, or with gRPC-Web.\n";
    let mut response = Response::new(Body::new(Full::<Bytes>::from(TEXT)));
    *response.status_mut() = StatusCode::BAD_REQUEST;
    let text = HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(CONTENT_TYPE, text);
    response
}

/// The answer to a call of a stream that has the content type of a single message, or the other way round ("Unary-Request" of the protocol).
fn other_form(method: &MethodDescriptor) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::UNSUPPORTED_MEDIA_TYPE;
    let accepted = HeaderValue::from_static(accepted(method));
    response.headers_mut().insert("accept-post", accepted);
    response
}
