//! The domain: datastores, S3 locations, secrets and errors. No I/O and no async; every value here is valid by construction.

pub mod audit;
pub mod call_id;
pub mod caller;
pub mod certificates;
pub mod claim;
pub mod connection_test;
pub mod credentials;
pub mod datastore;
pub mod endpoint;
pub mod error;
pub mod filter;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzz;
pub mod link;
pub mod location;
pub mod name;
pub mod order;
pub mod place;
pub mod proof;
pub mod region;
pub mod residue;
pub mod role;
pub mod secret;

pub use error::Error;
