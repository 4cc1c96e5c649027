//! The one integration test binary: each module tests one behaviour through gRPC, against real S3 servers.

#![allow(
    unreachable_pub,
    reason = "nothing of a test binary is reachable from outside"
)]

mod api;
mod assume_role;
mod audit;
mod auth;
mod backup;
mod client;
mod connect;
mod connection;
mod cookbook;
mod enrichment;
mod guard;
mod lab;
mod layering;
mod linearizability;
mod load;
mod matrix;
mod metrics;
mod readme_md;
mod releases;
mod residue;
mod sealing;
mod security_md;
mod server;
mod torture;
mod traces;
mod transport;
mod traps;
mod web;
