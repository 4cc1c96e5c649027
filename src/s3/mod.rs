//! Talking to S3, and to STS where a role signs: a client from a datastore, one function for each call, and one failure type for all of them. Only
//! this room names the AWS SDK.

pub mod address;
mod body;
mod calls;
mod client;
mod failure;
mod fetch;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzz;
mod guard;
mod http;
mod observe;
mod resolver;
mod result_class;
mod role;
mod send;
mod signer;
mod span;

pub use calls::{Answer, Deleted, OpenUpload};
pub use client::{Client, Route};
pub use failure::{Cause, Failure, is_code};
pub use fetch::{FetchError, fetch};
pub use guard::Guard;
