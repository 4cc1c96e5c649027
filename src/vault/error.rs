//! Why the keys cannot be used, and why something sealed cannot be opened.

use std::io;
use std::path::PathBuf;

use super::key::KeyId;

/// Why the key file cannot be used. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is none.
    #[error("there is no key file {}", .0.display())]
    Missing(PathBuf),
    /// There is one already.
    #[error(
        "the key file {} exists already, and what it seals would be lost with it; add a key with `datastored keys rotate`", .0.display()
    )]
    Exists(PathBuf),
    /// It cannot be read or written.
    #[error("the key file {} cannot be used: {source}", .path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The system's words.
        source: io::Error,
    },
    /// Others may read it.
    #[error(
        "others may read the key file {} (its mode is {mode:o}); take that from them with `chmod 600`, and add a new key with `datastored keys rotate`", .path.display()
    )]
    OpenToOthers {
        /// The file.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// It is not what this program has written.
    #[error(
        "line {line} of the key file {} is not `TIME KEY`; restore the file from your copy", .path.display()
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
    },
    /// It holds no key.
    #[error("the key file {} holds no key; restore the file from your copy", .0.display())]
    Empty(PathBuf),
    /// What the server says of its keys cannot be read or written.
    #[error("{}, which says which keys are needed, cannot be {what}: {source}; it is written anew when the server starts", .path.display())]
    Status {
        /// `read` or `written`.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: io::Error,
    },
    /// Somebody else has changed it meanwhile.
    #[error("the key file {} has changed meanwhile; try again", .0.display())]
    Changed(PathBuf),
    /// The system gives no random numbers.
    #[error("the system gives no random numbers")]
    NoRandomness,
}

/// Why something sealed cannot be opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// The key that it was sealed with is not there.
    #[error("it was sealed with key {0}, which the key file does not hold")]
    UnknownKey(KeyId),
    /// It was altered, or is not where it was put.
    #[error("it was altered after it was sealed, or is not where it was put")]
    Refused,
}
