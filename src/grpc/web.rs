//! Browsers: which pages may call, and what a browser is told of that (CORS).
//!
//! gRPC-Web and Connect come on the port of gRPC. A browser names the page that calls in `origin`; other clients have none. A page that is not allowed is refused
//! even where the browser would let it call: a name that is led to this server's address (DNS rebinding) makes its page one of the same origin.

use std::time::Duration;

use http::header::{AUTHORIZATION, CONTENT_TYPE, ORIGIN};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use tonic::Status;
use tower_http::cors::CorsLayer;

use super::request_id;
use super::status::foreign_origin;

/// How long a browser may remember what it was told.
const MAX_AGE: Duration = Duration::from_hours(1);

/// What clients of gRPC-Web and of Connect send, besides what they are allowed anyway ("Protocol differences vs gRPC over HTTP2" in PROTOCOL-WEB.md, and
/// "Unary-Request" of the Connect protocol), and the trace that a page is in.
const SENT: [HeaderName; 7] = [
    HeaderName::from_static("x-grpc-web"),
    HeaderName::from_static("x-user-agent"),
    HeaderName::from_static("grpc-timeout"),
    HeaderName::from_static("traceparent"),
    HeaderName::from_static("tracestate"),
    HeaderName::from_static("connect-protocol-version"),
    HeaderName::from_static("connect-timeout-ms"),
];

/// What they read.
const READ: [HeaderName; 3] = [
    HeaderName::from_static("grpc-status"),
    HeaderName::from_static("grpc-message"),
    HeaderName::from_static("grpc-status-details-bin"),
];

/// The origins of the pages that may call.
#[derive(Clone, Debug)]
pub struct Origins(Vec<HeaderValue>);

impl Origins {
    /// These, and no others.
    #[must_use]
    pub fn new(origins: Vec<HeaderValue>) -> Self {
        Self(origins)
    }

    /// What tells browsers that pages of these origins may call; nothing when none may.
    #[must_use]
    pub fn cors(&self) -> Option<CorsLayer> {
        let sent = [CONTENT_TYPE, AUTHORIZATION, request_id::HEADER];
        let cors = CorsLayer::new()
            .allow_origin(self.0.clone())
            .allow_methods([Method::POST])
            .allow_headers(sent.into_iter().chain(SENT).collect::<Vec<_>>())
            .expose_headers(
                READ.into_iter()
                    .chain([request_id::HEADER])
                    .collect::<Vec<_>>(),
            )
            .max_age(MAX_AGE);
        (!self.0.is_empty()).then_some(cors)
    }

    /// Refuses the call of a page that may not.
    pub(super) fn refuse_others(&self, headers: &HeaderMap) -> Result<(), Status> {
        match headers.get(ORIGIN) {
            Some(origin) if !self.0.contains(origin) => Err(foreign_origin(origin)),
            _ => Ok(()),
        }
    }
}
