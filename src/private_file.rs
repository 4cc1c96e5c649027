//! Files that only their owner may read: replaced whole, down on the disk, and changed by one at a time.

use std::fs::{self, DirBuilder, File, Permissions, TryLockError};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::Path;
use std::time::{Duration, Instant};

use tempfile::NamedTempFile;

/// How long one waits for another, and how often it looks.
const PATIENCE: Duration = Duration::from_secs(10);
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Puts a file in the place of another, or where none was. Whoever reads sees the one or the other, after a power cut, too.
///
/// # Errors
/// When it cannot be written: the old one stays.
pub(crate) fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    written(path, content)?.persist(path)?;
    sync(folder_of(path))
}

/// Makes a file where none was.
///
/// # Errors
/// [`io::ErrorKind::AlreadyExists`], and when it cannot be written.
pub(crate) fn create(path: &Path, content: &[u8]) -> io::Result<()> {
    written(path, content)?.persist_noclobber(path)?;
    sync(folder_of(path))
}

/// Makes the folder of a file, for its owner alone, if there is none.
///
/// # Errors
/// When it cannot be made.
pub(crate) fn make_folder(path: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true).mode(0o700).create(folder_of(path))
}

/// Keeps others who change files in the folder out for as long as it is held. It is the folder that is locked: a file that is replaced loses its lock.
///
/// # Errors
/// [`io::ErrorKind::WouldBlock`] when another one holds it for ten seconds.
pub(crate) fn lock(path: &Path) -> io::Result<File> {
    let folder = File::open(folder_of(path))?;
    let end = Instant::now() + PATIENCE;
    loop {
        match folder.try_lock() {
            Ok(()) => return Ok(folder),
            Err(TryLockError::WouldBlock) if Instant::now() < end => {
                std::thread::sleep(LOOK_EVERY);
            }
            Err(error) => return Err(error.into()),
        }
    }
}

/// The permissions of a file.
///
/// # Errors
/// When there is none.
pub(crate) fn mode(path: &Path) -> io::Result<u32> {
    Ok(fs::metadata(path)?.permissions().mode() & 0o7777)
}

fn written(path: &Path, content: &[u8]) -> io::Result<NamedTempFile> {
    let mut file = NamedTempFile::new_in(folder_of(path))?;
    file.as_file()
        .set_permissions(Permissions::from_mode(0o600))?;
    file.write_all(content)?;
    file.as_file().sync_all()?;
    Ok(file)
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

fn sync(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}
