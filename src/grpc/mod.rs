//! The face: decode a request, call the registry or the prober, encode the answer. Only this room knows protobuf and gRPC codes.

mod audit;
mod authentication;
mod connection_test;
mod decode;
mod encode;
mod field_mask;
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

pub use authentication::{Authentication, Gate};
pub use load::{Bound, Deadline};
pub use metering::Metering;
pub use methods::Methods;
pub use request_id::RequestIds;
pub use service::Service;
pub use transport_errors::{MAX_MESSAGE_BYTES, TransportErrors};
