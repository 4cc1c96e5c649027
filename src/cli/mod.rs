//! The subcommands that are no server.

pub mod backup;
pub mod fsck;
pub mod keys;
