//! Makes a data folder of a backup.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use super::Error;
use super::file::{Reader, Summary};
use crate::store::Loader;

/// Makes a store of the backup `path` in `data_dir`, which must be empty or not there. Every entry keeps its revision, and so every datastore its etag.
///
/// # Errors
/// When the backup is not whole, or the store cannot be made: the folder is as it was.
pub fn restore(path: &Path, data_dir: &Path) -> Result<Summary, Error> {
    checked(path)?;
    let mut loader = Loader::begin(data_dir)?;
    let mut reader = open(path)?;
    while let Some(entry) = reader.next()? {
        loader.put(&entry)?;
    }
    let summary = reader.summary();
    loader.finish(summary.revision)?;
    Ok(summary)
}

/// What a backup holds, after all of it has been read and found whole.
pub(super) fn checked(path: &Path) -> Result<Summary, Error> {
    let mut reader = open(path)?;
    while reader.next()?.is_some() {}
    Ok(reader.summary())
}

fn open(path: &Path) -> Result<Reader<BufReader<File>>, Error> {
    let file = File::open(path).map_err(|source| Error::Io {
        path: path.to_owned(),
        source,
    })?;
    Reader::begin(BufReader::new(file))
}
