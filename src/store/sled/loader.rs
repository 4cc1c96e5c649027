//! Fills an empty folder with the entries of a backup: all of them, or the folder stays as it was.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use ::sled::{Batch, Db};

use super::super::{Entry, Error, Revision};
use super::folder::{self, Files, Lock};
use super::layout::{self, FORMAT, FORMAT_KEY, REVISION_KEY};
use super::open;

/// Where the store grows. A server does not look there.
const STAGING: &str = "datastored.restoring";

/// The bytes of keys and values after which a batch is written.
const BATCH_BYTES: usize = 256 * 1024;

/// A store in the making. Dropping it unfinished removes what it has made.
#[derive(Debug)]
pub struct Loader {
    dir: PathBuf,
    is_new: bool,
    db: Option<Db>,
    batch: Batch,
    bytes: usize,
    _lock: Lock,
}

impl Loader {
    /// Begins a store in `dir`, which must be empty or not there. What a loader that was killed has left there is removed.
    ///
    /// # Errors
    /// [`Error::Folder`], also when it is not empty, and [`Error::AlreadyOpen`] when another loader is at work there.
    pub fn begin(dir: &Path) -> Result<Self, Error> {
        let refused = |source| Error::Folder {
            path: dir.to_owned(),
            source,
        };
        let is_new = !dir.exists();
        if !is_new && !is_empty(dir).map_err(refused)? {
            return Err(refused(io::Error::other(
                "it is not empty, and nothing is ever restored over what is there",
            )));
        }
        let staging = dir.join(STAGING);
        let lock = Lock::take(&staging)?;
        let store = staging.join("store");
        fs::remove_dir_all(&store).map_err(refused)?;
        Ok(Self {
            dir: dir.to_owned(),
            is_new,
            db: Some(open::start(&store)?),
            batch: Batch::default(),
            bytes: 0,
            _lock: lock,
        })
    }

    /// Takes an entry in, with its revision. Blocks on the disk.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn put(&mut self, entry: &Entry) -> Result<(), Error> {
        let key = layout::tree_key(&entry.key);
        let value = layout::tree_value(entry.revision, &entry.value);
        self.bytes += key.len() + value.len();
        self.batch.insert(key, value);
        if self.bytes >= BATCH_BYTES {
            self.write()?;
        }
        Ok(())
    }

    /// Puts the store in its place, durably, in one step. Its commits go on after `last`.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn finish(mut self, last: Revision) -> Result<(), Error> {
        self.batch.insert(FORMAT_KEY, &FORMAT.to_be_bytes());
        self.batch.insert(REVISION_KEY, &last.get().to_be_bytes());
        self.write()?;
        drop(self.db.take());
        let (made, store) = (self.staging().join("store"), self.dir.join("store"));
        drop(Files::of(&made)?);
        let placed = fs::rename(&made, &store).and_then(|()| folder::sync_dir(&self.dir));
        placed.map_err(|source| Error::Folder {
            path: store,
            source,
        })?;
        self.is_new = false;
        folder::mark(&self.dir.join("datastored.created"))
    }

    fn write(&mut self) -> Result<(), Error> {
        let batch = std::mem::take(&mut self.batch);
        self.bytes = 0;
        if let Some(db) = &self.db {
            db.apply_batch(batch)?;
            db.flush()?;
        }
        Ok(())
    }

    fn staging(&self) -> PathBuf {
        self.dir.join(STAGING)
    }
}

impl Drop for Loader {
    fn drop(&mut self) {
        drop(self.db.take());
        // The next loader removes what cannot be removed now.
        let _ = fs::remove_dir_all(self.staging());
        if self.is_new {
            let _ = fs::remove_dir(&self.dir);
        }
    }
}

/// Whether there is nothing but what a loader may have left.
fn is_empty(dir: &Path) -> io::Result<bool> {
    for entry in fs::read_dir(dir)? {
        if entry?.file_name() != STAGING {
            return Ok(false);
        }
    }
    Ok(true)
}
