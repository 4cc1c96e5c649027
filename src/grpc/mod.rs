//! The face: decode a request, call the registry or the prober, encode the answer. Only this room knows protobuf and gRPC codes.

mod audit;
mod authentication;
mod connect;
mod connection_test;
mod decode;
mod encode;
mod field_mask;
mod front;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzz;
mod iam_policy;
mod load;
mod metering;
mod methods;
mod page_token;
mod request_id;
mod service;
mod sight;
mod status;
mod trace;
mod transport_errors;
mod web;

pub use authentication::Gate;
pub use connect::Connect;
pub use front::Front;
pub use load::Bounds;
pub use metering::Metering;
pub use service::Service;
pub use transport_errors::{MAX_HEADER_BYTES, MAX_MESSAGE_BYTES, MAX_QUESTION_BYTES};
pub use web::Origins;
