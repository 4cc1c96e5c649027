//! An answer of gRPC as one of Connect.

use std::sync::Arc;

use http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use prost::bytes::Bytes;
use prost_reflect::MessageDescriptor;
use tonic::body::Body;
use tonic::{Code, Status};

use super::error;
use super::events::Events;
use super::form::Form;
use super::question::PREFIX;
use super::schema::{Schema, to_json};

/// The answer as Connect has it. `output` is known when the method is.
pub(super) async fn translated(
    answer: Response<Body>,
    form: Form,
    output: Option<MessageDescriptor>,
    schema: Arc<Schema>,
) -> Response<Body> {
    let (mut parts, body) = answer.into_parts();
    let ended = Status::from_header_map(&parts.headers);
    keep(&mut parts.headers);
    if form.is_stream {
        let events = Events::new(body, ended, form, output, schema);
        parts.headers.insert(CONTENT_TYPE, form.content_type());
        return Response::from_parts(parts, Body::new(events));
    }
    let message = match ended {
        Some(status) => Err(status),
        None => message(body, form, output).await,
    };
    let (status, content_type, message) = match message {
        Ok(message) => (StatusCode::OK, form.content_type(), message),
        Err(status) => (
            error::http_status(&status),
            HeaderValue::from_static("application/json"),
            error::json(&status, &schema).to_string().into(),
        ),
    };
    parts.status = status;
    parts.headers.insert(CONTENT_TYPE, content_type);
    Response::from_parts(parts, Body::new(Full::new(message)))
}

/// Takes out of the headers what is gRPC's.
fn keep(headers: &mut HeaderMap) {
    for name in [
        "grpc-status",
        "grpc-message",
        "grpc-status-details-bin",
        "grpc-accept-encoding",
    ] {
        headers.remove(name);
    }
    headers.remove(CONTENT_LENGTH);
}

/// The one message of an answer.
async fn message(
    body: Body,
    form: Form,
    output: Option<MessageDescriptor>,
) -> Result<Bytes, Status> {
    let body = body.collect().await?;
    if let Some(status) = body.trailers().and_then(Status::from_header_map)
        && status.code() != Code::Ok
    {
        return Err(status);
    }
    let mut frame = body.to_bytes();
    if frame.len() < PREFIX {
        return Err(Status::internal("the answer has no message"));
    }
    written(frame.split_off(PREFIX), form, output)
}

/// A message in the form of the call.
pub(super) fn written(
    message: Bytes,
    form: Form,
    output: Option<MessageDescriptor>,
) -> Result<Bytes, Status> {
    match output {
        Some(output) if form.is_json => to_json(output, &message).map(Bytes::from),
        _ => Ok(message),
    }
}
