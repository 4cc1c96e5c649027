//! The data folder: made for its owner only, open in one process, synced whole.

use std::collections::HashSet;
use std::ffi::OsString;
use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use super::super::Error;

/// The hold on a data folder; dropping it lets go.
#[derive(Debug)]
pub(super) struct Lock {
    _file: File,
}

impl Lock {
    /// Makes `dir` and `dir/store` where they do not exist, and takes hold of `dir`.
    pub(super) fn take(dir: &Path) -> Result<Self, Error> {
        create(&dir.join("store")).map_err(|source| Error::Folder {
            path: dir.to_owned(),
            source,
        })?;
        let path = dir.join("datastored.lock");
        let broken = |source| Error::Folder {
            path: path.clone(),
            source,
        };
        let mut options = OpenOptions::new();
        let options = options
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600);
        let mut file = options.open(&path).map_err(broken)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(Error::AlreadyOpen {
                    path: dir.to_owned(),
                    pid: read_pid(&mut file),
                });
            }
            Err(TryLockError::Error(source)) => return Err(broken(source)),
        }
        file.set_len(0)
            .and_then(|()| writeln!(file, "{}", std::process::id()))
            .map_err(broken)?;
        Ok(Self { _file: file })
    }
}

/// The process that a lock file names.
fn read_pid(file: &mut File) -> Option<u32> {
    let mut text = String::new();
    file.read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}

/// Makes `dir` and the folders above it that do not exist, and syncs the folders that name them.
fn create(dir: &Path) -> io::Result<()> {
    let dir = std::path::absolute(dir)?;
    let missing: Vec<_> = dir.ancestors().take_while(|dir| !dir.exists()).collect();
    DirBuilder::new().recursive(true).mode(0o700).create(&dir)?;
    missing
        .into_iter()
        .filter_map(Path::parent)
        .try_for_each(sync_dir)
}

/// Makes the empty file `path` unless it exists, durably.
pub(super) fn mark(path: &Path) -> Result<(), Error> {
    let mark = || match OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
    {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        made => made.and_then(|_| path.parent().map_or(Ok(()), sync_dir)),
    };
    mark().map_err(|source| Error::Folder {
        path: path.to_owned(),
        source,
    })
}

/// Makes the names in a folder durable.
pub(super) fn sync_dir(dir: &Path) -> io::Result<()> {
    File::open(dir)?.sync_all()
}

/// The files of a sled folder, which sled itself writes but does not sync.
///
/// From the source of sled 0.34.7: commits go to `db` (`pagecache/iobuf.rs`, `write_to_log`: `pwrite` and
/// `sync_file_range`, which syncs neither the length of the file nor the cache of the disk) and, for pages over 128 KiB,
/// to a new file `blobs/<number>`, written once before the log names it (`pagecache/blob_io.rs`, `write_blob`).
/// `conf` and `snap.*` are written while opening only.
#[derive(Debug)]
pub(super) struct Files {
    db: File,
    blobs: PathBuf,
    /// Names and lengths of the blobs that are durable.
    synced: HashSet<(OsString, u64)>,
}

impl Files {
    /// The files of the sled store in `store`, all durable as they are now.
    pub(super) fn of(store: &Path) -> Result<Self, Error> {
        Self::open(store).map_err(|source| Error::Folder {
            path: store.to_owned(),
            source,
        })
    }

    fn open(store: &Path) -> io::Result<Self> {
        // A handle of its own: the kernel reports a failed write once to each handle, and sled drops what it is told.
        let db = File::open(store.join("db"))?;
        let mut files = Self {
            db,
            blobs: store.join("blobs"),
            synced: HashSet::new(),
        };
        files.sync()?;
        File::open(store.join("conf"))?.sync_all()?;
        sync_dir(store)?;
        Ok(files)
    }

    /// Makes durable what sled has written so far. Call it after `flush`, so that the log names no blob written later.
    ///
    /// Lists `blobs/`, which is empty unless values of 8 KiB and more are stored.
    pub(super) fn sync(&mut self) -> io::Result<()> {
        let blobs = list(&self.blobs)?;
        if !blobs.is_subset(&self.synced) {
            for (name, _) in blobs.difference(&self.synced) {
                unless_gone(File::open(self.blobs.join(name)).and_then(|blob| blob.sync_data()))?;
            }
            sync_dir(&self.blobs)?;
        }
        self.synced = blobs;
        self.db.sync_data()
    }
}

/// The names and lengths of the files in `dir`.
fn list(dir: &Path) -> io::Result<HashSet<(OsString, u64)>> {
    let mut files = HashSet::new();
    for file in fs::read_dir(dir)? {
        let file = file?;
        if let Some(metadata) = unless_gone(file.metadata())? {
            files.insert((file.file_name(), metadata.len()));
        }
    }
    Ok(files)
}

/// `None` for a blob that sled removed meanwhile.
fn unless_gone<T>(found: io::Result<T>) -> io::Result<Option<T>> {
    match found {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        found => found.map(Some),
    }
}
