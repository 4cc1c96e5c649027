//! The subcommands that are no server.

pub mod fsck;
pub mod keys;
