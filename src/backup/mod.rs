//! Backups: a server that runs writes a picture of its store to whoever owns it, and a new store is made from that.
//!
//! - `file` is the format: entries with their revisions, between a header and a checksum.
//! - `socket` is where a server gives backups out, in its data folder.
//! - `save` asks there, and puts a file down; `restore` makes a data folder of one.

mod error;
mod file;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzz;
mod restore;
mod save;
mod socket;

pub use self::error::Error;
pub use self::file::Summary;
pub use self::restore::restore;
pub use self::save::save;
pub use self::socket::Socket;
