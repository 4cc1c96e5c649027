//! Who calls, and what they may call: a caller from a bearer token, a client certificate or a JWT, and what each RPC needs.
//!
//! - [`table`] says which access each RPC needs.
//! - [`Authenticator`] finds the caller that a [`Credential`] stands for.
//! - `token`, `record` and `tokens_file` are the server's own tokens; [`commands`] makes, lists and revokes them, and `known` finds one by its hash.
//! - `access_file` is what the operator writes: rules for certificates (`certificate`, `subject`), and issuers of JWTs (`jwt`, with their keys in
//!   `jwks` and `keys`).

mod access_file;
mod authenticator;
mod certificate;
pub mod commands;
mod credential;
mod error;
mod file;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzz;
mod jwks;
mod jwt;
mod keys;
mod known;
mod record;
mod subject;
pub mod table;
mod token;
mod tokens_file;

pub use authenticator::Authenticator;
pub use credential::{Credential, Refusal};
pub use error::Error;
