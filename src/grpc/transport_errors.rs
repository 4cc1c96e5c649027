//! Gives the errors that tonic itself answers, for messages it cannot read, the same form as all others.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use http::{HeaderMap, Request, Response};
use tonic::body::Body;
use tonic::{Code, Status};
use tower::{Layer, Service};

use super::status::unreadable;
use crate::pb::ErrorReason;

/// The largest request that is read. The largest valid one, with 64 labels and a session token, has under 32 KiB.
pub const MAX_MESSAGE_BYTES: usize = 1 << 20;

/// The layer.
#[derive(Clone, Copy, Debug, Default)]
pub struct TransportErrors;

impl<S> Layer<S> for TransportErrors {
    type Service = Rewriting<S>;

    fn layer(&self, inner: S) -> Self::Service {
        Rewriting(inner)
    }
}

/// A service whose transport errors are rewritten.
#[derive(Clone, Debug)]
pub struct Rewriting<S>(S);

impl<S, B> Service<Request<B>> for Rewriting<S>
where
    S: Service<Request<B>, Response = Response<Body>>,
    S::Future: Send + 'static,
{
    type Response = Response<Body>;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let answer = self.0.call(request);
        Box::pin(async move {
            let response = answer.await?;
            Ok(match rewritten(response.headers()) {
                Some(status) => status.into_http(),
                None => response,
            })
        })
    }
}

/// The better status for an error of tonic's: it has no details, and ours always have.
fn rewritten(headers: &HeaderMap) -> Option<Status> {
    let status = Status::from_header_map(headers)?;
    if !status.details().is_empty() {
        return None;
    }
    match status.code() {
        Code::OutOfRange => Some(unreadable(
            ErrorReason::MessageTooLarge,
            &format!("the request is larger than {MAX_MESSAGE_BYTES} bytes; send less"),
            Some(MAX_MESSAGE_BYTES),
        )),
        Code::Internal => Some(unreadable(
            ErrorReason::MalformedMessage,
            "the request's bytes are no such message; build them from this server's .proto files",
            None,
        )),
        _ => None,
    }
}
