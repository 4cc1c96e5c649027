//! How a call of Connect is written, by its content type: one message or a stream, in JSON or in protobuf.

use http::header::CONTENT_TYPE;
use http::{HeaderValue, Method, Request};
use prost_reflect::MethodDescriptor;

/// Whether messages have envelopes, and what they are written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Form {
    pub(super) is_stream: bool,
    pub(super) is_json: bool,
}

impl Form {
    /// That of a request, if it is one of Connect. What a page may send without asking, such as `text/plain`, is none (Fetch, "CORS-safelisted request-header").
    pub(super) fn of<B>(request: &Request<B>) -> Option<Self> {
        let value = request.headers().get(CONTENT_TYPE)?.as_bytes();
        let value = value.strip_prefix(b"application/")?;
        let end = value.iter().position(|byte| *byte == b';');
        let (is_stream, is_json) = match value[..end.unwrap_or(value.len())].trim_ascii() {
            b"json" => (false, true),
            b"proto" => (false, false),
            b"connect+json" => (true, true),
            b"connect+proto" => (true, false),
            _ => return None,
        };
        (request.method() == Method::POST).then_some(Self { is_stream, is_json })
    }

    /// Whether calls of the method can be written so. What a caller streams comes in protobuf alone.
    pub(super) fn fits(self, method: &MethodDescriptor) -> bool {
        let is_stream = method.is_client_streaming() || method.is_server_streaming();
        self.is_stream == is_stream && !(self.is_json && method.is_client_streaming())
    }

    /// The content type.
    pub(super) fn content_type(self) -> HeaderValue {
        HeaderValue::from_static(match (self.is_stream, self.is_json) {
            (false, true) => "application/json",
            (false, false) => "application/proto",
            (true, true) => "application/connect+json",
            (true, false) => "application/connect+proto",
        })
    }
}

/// The content types that calls of a method have.
pub(super) fn accepted(method: &MethodDescriptor) -> &'static str {
    match (method.is_client_streaming(), method.is_server_streaming()) {
        (false, false) => "application/json, application/proto",
        (false, true) => "application/connect+json, application/connect+proto",
        (true, _) => "application/connect+proto",
    }
}
