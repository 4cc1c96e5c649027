//! An ordered map of bytes with linearizable reads and atomic, guarded commits: the trait, its words, its engines.
//!
//! The trait is etcd's transaction on purpose, so that etcd can stand where [`Sled`] stands. It never speaks of
//! datastores: what keys mean is the registry's business.

#[cfg(test)]
pub(crate) mod conformance;
mod error;
mod sled;
mod txn;

use std::fmt;

pub use self::error::Error;
pub use self::sled::{Backlog, Loader, Picture, Sled};
pub use self::txn::{Guard, Op, Txn};

/// An ordered map of bytes with linearizable reads and atomic, guarded commits.
///
/// A read shows the effects of every commit acknowledged before it began and of no commit that a power cut could still
/// undo. Keys are ordered byte by byte; any bytes are allowed, the empty key too.
pub trait Store: Send + Sync + 'static {
    /// What `key` holds now, `None` when it holds nothing.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the engine cannot answer, [`Error::Corrupt`] when what it holds cannot be read.
    fn get(&self, key: &[u8]) -> impl Future<Output = Result<Option<Entry>, Error>> + Send;

    /// At most `scan.limit` entries in the order of `scan.direction`, all of one moment.
    ///
    /// A page shorter than `scan.limit` is the last one. The moment is that of the page: commits between two pages
    /// show in the second.
    ///
    /// # Errors
    /// As [`Store::get`].
    fn scan(&self, scan: Scan) -> impl Future<Output = Result<Vec<Entry>, Error>> + Send;

    /// Applies all operations of `txn` if all of its guards hold, otherwise none of them, and says at which revision.
    ///
    /// The commit is durable, against a power cut too, once this returns `Ok`. A caller that stops waiting leaves a
    /// commit that either happens whole or does not happen. A transaction without operations checks its guards and
    /// returns the revision it checked them at.
    ///
    /// # Errors
    /// [`Error::Conflict`] when a guard does not hold: nothing was written. [`Error::Unavailable`] when the engine
    /// cannot promise durability: the commit may or may not be there after a restart.
    fn commit(&self, txn: Txn) -> impl Future<Output = Result<Revision, Error>> + Send;
}

/// The number of a commit: the first is 1, each commit that writes has the next one, none is given out twice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Revision(u64);

impl Revision {
    /// The number itself.
    #[must_use]
    pub fn get(self) -> u64 {
        self.0
    }

    /// The revision of the commit after this one.
    fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

impl From<u64> for Revision {
    fn from(number: u64) -> Self {
        Self(number)
    }
}

impl fmt::Display for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What a key holds.
#[derive(Clone, PartialEq, Eq)]
pub struct Entry {
    /// The whole key.
    pub key: Vec<u8>,
    /// The bytes last put there.
    pub value: Vec<u8>,
    /// The commit that put them there: what [`Guard::At`] compares with.
    pub revision: Revision,
}

impl fmt::Debug for Entry {
    /// Leaves the value out: it may hold what must not reach a log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entry")
            .field("key", &self.key.escape_ascii().to_string())
            .field("bytes", &self.value.len())
            .field("revision", &self.revision)
            .finish()
    }
}

/// Which entries [`Store::scan`] returns.
///
/// `prefix` is compared byte by byte and knows no separators: `foo` finds `foo`, `foo/a` and `foobar/a`. Whoever means
/// the children of `foo` ends the prefix with the separator, `foo/`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scan {
    /// What every returned key begins with; empty for all keys.
    pub prefix: Vec<u8>,
    /// The whole key to go on after, itself left out: the last key of the page before. It need not exist (any more).
    pub after: Option<Vec<u8>>,
    /// The most entries to return; 0 returns none. An engine may hold up commits while it collects a page, so pages
    /// are kept to about a thousand entries.
    pub limit: usize,
    /// The order of the entries, and which way `after` points.
    pub direction: Direction,
}

/// The order of a scan.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Direction {
    /// From the lowest key upwards.
    #[default]
    Ascending,
    /// From the highest key downwards.
    Descending,
}
