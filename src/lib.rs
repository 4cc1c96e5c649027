//! `datastored` registers S3 datastores and proves, permission by permission, that their credentials work.
//!
//! What lives where, in the direction in which data flows:
//!
//! - [`grpc`] decodes requests into [`model`] types, calls, and encodes the answers. It alone knows protobuf and gRPC codes.
//! - [`registry`] holds the use cases: create, get, list, update, delete; each is one guarded commit to a [`store`].
//! - [`prober`] tests a connection: a plan of steps, an executor, what S3's answers prove, and cleaning up.
//! - [`report`] is what a connection test says, and what is kept of it.
//! - [`s3`] talks to S3; only it names the AWS SDK.
//! - [`iam`] has the words of policies, and writes them: actions, ARNs, documents.
//! - [`vault`] seals secrets at rest, and keeps the keys.
//! - [`model`] has the domain's types, valid by construction. No I/O.
//! - [`admission`] lets a datastore in only once its connection is proven; [`claims`] marks an enrichment datastore's prefix as taken.
//! - [`rotation`] keeps the keys in use as the key file has them; [`reload`] sees when files change, `private_file` changes them.
//! - `residue_ledger` lets the registry keep what the prober must not forget.
//! - [`backup`] copies the store of a running server to a file, and makes a store of one.
//! - [`auth`] says who calls, and what they may call.
//! - [`transport`] takes connections in, plain or under TLS; [`peer`] is the other end of one.
//! - [`metrics`] is what is counted for the operator, and the page that shows it; [`spans`] has what the spans of traces share.
//! - [`client`] is for programs that call a server; it needs no other room, and comes alone with the feature of its name.
//! - [`cli`] has the subcommands that are no server.
//! - [`server`], [`config`], [`telemetry`], [`shutdown`], `core_dumps` and `open_files` make a process of it.
//!
//! `tests/it/layering.rs` fails when a room names what it must not know.

#[cfg(feature = "server")]
pub mod admission;
#[cfg(feature = "server")]
pub mod auth;
#[cfg(feature = "server")]
pub mod backup;
#[cfg(feature = "server")]
pub mod claims;
#[cfg(feature = "server")]
pub mod cli;
#[cfg(feature = "client")]
pub mod client;
#[cfg(feature = "server")]
pub mod config;
#[cfg(feature = "server")]
mod core_dumps;
#[cfg(all(feature = "server", any(test, fuzzing)))]
pub mod fuzz;
#[cfg(feature = "server")]
pub mod grpc;
#[cfg(feature = "server")]
pub mod iam;
#[cfg(feature = "server")]
pub mod metrics;
#[cfg(feature = "server")]
pub mod model;
#[cfg(feature = "server")]
mod open_files;
pub mod pb;
#[cfg(feature = "server")]
pub mod peer;
#[cfg(feature = "server")]
mod private_file;
#[cfg(feature = "server")]
pub mod prober;
#[cfg(feature = "server")]
pub mod registry;
#[cfg(feature = "server")]
pub mod reload;
#[cfg(feature = "server")]
pub mod report;
#[cfg(feature = "server")]
mod residue_ledger;
#[cfg(feature = "server")]
pub mod rotation;
#[cfg(feature = "server")]
pub mod s3;
#[cfg(feature = "server")]
pub mod server;
#[cfg(feature = "server")]
pub mod shutdown;
#[cfg(feature = "server")]
pub mod spans;
#[cfg(feature = "server")]
pub mod store;
#[cfg(feature = "server")]
pub mod telemetry;
#[cfg(feature = "server")]
pub mod transport;
#[cfg(feature = "server")]
pub mod vault;
