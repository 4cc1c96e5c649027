//! What goes wrong with backups, in words that say what to do.

use std::io;
use std::path::PathBuf;

use crate::store;

/// Why there is no backup, or no store made from one. No file and no folder was made.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is a file of that name.
    #[error("{} exists already, and a backup never overwrites anything: choose another name", .0.display())]
    Exists(PathBuf),
    /// Nobody serves from the folder.
    #[error(
        "no server can be asked for a backup of {} ({source}): it must run, and as the same user; with no server running, copy the folder as it is", .folder.display()
    )]
    NoServer {
        /// The data folder.
        folder: PathBuf,
        /// The system's words.
        source: io::Error,
    },
    /// The server said no.
    #[error("the server refuses: {0}")]
    Refused(String),
    /// The server did not send all of it.
    #[error("the server broke off ({0}); its log says why; try again")]
    BrokenOff(Box<Self>),
    /// A file or a folder cannot be read or written.
    #[error("cannot use {}: {source}", .path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// The system's words.
        source: io::Error,
    },
    /// It is something else.
    #[error("this is no backup: it does not begin as one")]
    Foreign,
    /// It is of a later version of this program.
    #[error(
        "the backup has format {found}, this program reads format {supported}: restore it with the version that wrote it, or a later one"
    )]
    UnknownFormat {
        /// The format found.
        found: u32,
        /// The format this program reads and writes.
        supported: u32,
    },
    /// It ends too early.
    #[error("the backup is cut off after {0} entries: use another copy")]
    CutOff(u64),
    /// It is not what was written.
    #[error("the backup is damaged: {0}; use another copy")]
    Damaged(&'static str),
    /// It cannot be read.
    #[error("the backup cannot be read: {0}")]
    Read(#[source] io::Error),
    /// The new store cannot be made.
    #[error("{0}")]
    Store(#[from] store::Error),
}
