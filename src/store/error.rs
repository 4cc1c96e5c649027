//! What goes wrong in a store, in words that say what to do.

use std::io;
use std::path::PathBuf;

/// Why a store did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A guard did not hold, nothing was written.
    #[error("the record `{}` is not what the caller last read: read it again, then retry", .key.escape_ascii())]
    Conflict {
        /// The key of the guard that did not hold.
        key: Vec<u8>,
    },
    /// The engine cannot do it now. A commit that got this may or may not be there after a restart.
    #[error("the store is unavailable: {0}")]
    Unavailable(String),
    /// The stored bytes are damaged.
    #[error(
        "the store is damaged: {0}; keep a copy of the folder as it is, then restore a backup in its place"
    )]
    Corrupt(String),
    /// Another process, or another handle of this one, has the folder open.
    #[error(
        "{} is already open in {}: stop that one first, or choose another data folder", .path.display(),
        .pid.map_or_else(|| "another process".to_owned(), |pid| format!("process {pid}"))
    )]
    AlreadyOpen {
        /// The data folder.
        path: PathBuf,
        /// Who has it open, when the lock file says so.
        pid: Option<u32>,
    },
    /// There is no store in the folder.
    #[error("there is no store in {}; name the data folder of a server with --data-dir", .path.display())]
    Missing {
        /// The data folder.
        path: PathBuf,
    },
    /// The store was written by a version of this program whose format this one does not know.
    #[error(
        "the store has format {found}, this program reads format {supported}: run the version that wrote it"
    )]
    UnknownFormat {
        /// The format found in the store.
        found: u32,
        /// The format this program reads and writes.
        supported: u32,
    },
    /// The data folder cannot be created, read or written.
    #[error(
        "cannot use {}: {source}; it must be on a writable local disk with free space and belong to this user",
        .path.display()
    )]
    Folder {
        /// The file or folder.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
}
