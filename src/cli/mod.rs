//! The subcommands that are no server.

pub mod backup;
pub mod keys;
