//! Opening sled's folder: after an abrupt stop too, and only if this program knows what is in it.

use std::fs::File;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use ::sled::{Batch, Config, Db, Mode};

use super::super::{Error, Revision};
use super::layout::{FORMAT, FORMAT_KEY, REVISION_KEY};
use super::snapshots::{self, Aside};

/// What sled keeps of the tree in memory.
const CACHE_BYTES: u64 = 64 * 1024 * 1024;

/// How long sled's own lock may outlive its last handle: its threads let go of the file a moment later.
const LINGER: Duration = Duration::from_secs(5);

/// Opens the store in sled's folder `store` and says which revision was the last. `created` is the file that exists
/// once a store has been made there.
pub(super) fn open(store: &Path, created: &Path) -> Result<(Db, Revision), Error> {
    let db = recover(store)?;
    let revision = match check(&db)? {
        Some(last) => last,
        None if created.exists() => {
            return Err(Error::Corrupt(
                "its log holds nothing, though a store was made here".to_owned(),
            ));
        }
        None => make(&db)?,
    };
    Ok((db, revision))
}

/// Opens sled's folder, without those snapshots that are damaged.
fn recover(store: &Path) -> Result<Db, Error> {
    let folder = |source| Error::Folder {
        path: store.to_owned(),
        source,
    };
    // Opening writes a snapshot of the log, which must not describe what a power cut can still take from the log.
    sync_log(store).map_err(folder)?;
    let reach = snapshots::reach(store).map_err(folder)?;
    let aside = Aside::set(store).map_err(folder)?;
    let db = start(store).and_then(|db| {
        // What a snapshot has once described is in the log, or the log has been damaged since.
        if snapshots::reach(store)? < reach {
            Err(::sled::Error::Corruption { at: None, bt: () })
        } else {
            Ok(db)
        }
    });
    if db.is_err() {
        aside.put_back().map_err(folder)?;
    }
    Ok(db?)
}

/// Makes the log durable as an earlier process left it.
fn sync_log(store: &Path) -> io::Result<()> {
    match File::open(store.join("db")) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        log => log?.sync_all(),
    }
}

/// Starts sled, waiting a little for a handle of this process that is just being closed.
pub(super) fn start(store: &Path) -> ::sled::Result<Db> {
    let begun = Instant::now();
    loop {
        match start_once(store) {
            // We hold the data folder, so whoever holds sled's file is on the way out.
            Err(::sled::Error::Io(error))
                if error.to_string().starts_with("could not acquire lock")
                    && begun.elapsed() < LINGER =>
            {
                thread::sleep(Duration::from_millis(5));
            }
            started => return started,
        }
    }
}

/// Starts sled; a panic of its, on a log that contradicts itself, is corruption too.
fn start_once(store: &Path) -> ::sled::Result<Db> {
    let config = Config::new()
        .path(store)
        .cache_capacity(CACHE_BYTES)
        .mode(Mode::HighThroughput)
        .flush_every_ms(None)
        .print_profile_on_drop(false);
    catch_unwind(AssertUnwindSafe(|| config.open())).unwrap_or_else(|panic| {
        let said = panic
            .downcast_ref::<String>()
            .map(String::as_str)
            .or_else(|| panic.downcast_ref().copied());
        Err(::sled::Error::ReportableBug(format!(
            "opening panicked: {}",
            said.unwrap_or("no message")
        )))
    })
}

/// The last revision of the store in the tree; `None` when the tree is empty.
fn check(db: &Db) -> Result<Option<Revision>, Error> {
    let format = number(db, FORMAT_KEY)?.map(u32::from_be_bytes);
    let last = number(db, REVISION_KEY)?.map(u64::from_be_bytes);
    match (format, last) {
        (None, None) if db.is_empty() => Ok(None),
        (Some(FORMAT), Some(last)) => Ok(Some(last.into())),
        (Some(found), _) if found != FORMAT => Err(Error::UnknownFormat {
            found,
            supported: FORMAT,
        }),
        _ => Err(Error::Corrupt(
            "the records of its format and its last revision are missing".to_owned(),
        )),
    }
}

/// Makes an empty tree a store.
fn make(db: &Db) -> Result<Revision, Error> {
    let mut batch = Batch::default();
    batch.insert(FORMAT_KEY, &FORMAT.to_be_bytes());
    batch.insert(REVISION_KEY, &Revision::default().get().to_be_bytes());
    db.apply_batch(batch)?;
    db.flush()?;
    Ok(Revision::default())
}

/// The bytes of a number of the store itself.
fn number<const N: usize>(db: &Db, key: &[u8]) -> Result<Option<[u8; N]>, Error> {
    let bytes = db.get(key)?;
    bytes
        .map(|bytes| <[u8; N]>::try_from(bytes.as_ref()))
        .transpose()
        .map_err(|_| {
            Error::Corrupt(format!(
                "the record {} has a wrong length",
                key.escape_ascii()
            ))
        })
}

impl From<::sled::Error> for Error {
    fn from(error: ::sled::Error) -> Self {
        match error {
            ::sled::Error::Corruption { .. }
            | ::sled::Error::ReportableBug(_)
            | ::sled::Error::CollectionNotFound(_) => Self::Corrupt(error.to_string()),
            ::sled::Error::Unsupported(_) | ::sled::Error::Io(_) => {
                Self::Unavailable(format!("{error}; see to its disk, then restart the server"))
            }
        }
    }
}
