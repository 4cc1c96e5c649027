//! A status as Connect writes it: JSON, and an HTTP status ("Error Codes" and "Error End-Stream" of the protocol).

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use http::StatusCode;
use prost::Message;
use serde_json::{Value, json};
use tonic::{Code, Status};

use super::schema::Schema;

/// The error as JSON. Each detail is there as bytes, and as JSON for who reads it.
pub(super) fn json(status: &Status, schema: &Schema) -> Value {
    let details = tonic_types::pb::Status::decode(status.details()).unwrap_or_default();
    let details = details.details.iter().map(|detail| {
        let name = detail.type_url.rsplit('/').next().unwrap_or_default();
        let value = STANDARD_NO_PAD.encode(&detail.value);
        json!({ "type": name, "value": value, "debug": schema.json(name, &detail.value) })
    });
    json!({
        "code": code(status.code()).0,
        "message": status.message(),
        "details": details.collect::<Vec<_>>(),
    })
}

/// The HTTP status of an answer without a stream.
pub(super) fn http_status(status: &Status) -> StatusCode {
    StatusCode::from_u16(code(status.code()).1).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

/// The name of a code, and its HTTP status.
fn code(code: Code) -> (&'static str, u16) {
    match code {
        // No error has it.
        Code::Ok | Code::Unknown => ("unknown", 500),
        Code::Cancelled => ("canceled", 499),
        Code::InvalidArgument => ("invalid_argument", 400),
        Code::DeadlineExceeded => ("deadline_exceeded", 504),
        Code::NotFound => ("not_found", 404),
        Code::AlreadyExists => ("already_exists", 409),
        Code::PermissionDenied => ("permission_denied", 403),
        Code::ResourceExhausted => ("resource_exhausted", 429),
        Code::FailedPrecondition => ("failed_precondition", 400),
        Code::Aborted => ("aborted", 409),
        Code::OutOfRange => ("out_of_range", 400),
        Code::Unimplemented => ("unimplemented", 501),
        Code::Internal => ("internal", 500),
        Code::Unavailable => ("unavailable", 503),
        Code::DataLoss => ("data_loss", 500),
        Code::Unauthenticated => ("unauthenticated", 401),
    }
}
