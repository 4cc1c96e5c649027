//! Files that only their owner may read: replaced whole, down on the disk, and changed by one at a time. Symbolic links are followed.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt, fchown};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// How long one waits for another, and how often it looks.
const PATIENCE: Duration = Duration::from_secs(10);
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Puts a file in the place of another, whose owner it keeps, or where none was. Whoever reads sees the one or the other, after a power cut, too.
///
/// Only one may do so at a time: see [`lock`].
///
/// # Errors
/// When it cannot be written: the old one stays.
pub(crate) fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    let path = &followed(path);
    fs::rename(written(path, content)?, path)?;
    sync(folder_of(path))
}

/// Makes a file where none was.
///
/// # Errors
/// [`io::ErrorKind::AlreadyExists`], and when it cannot be written.
pub(crate) fn create(path: &Path, content: &[u8]) -> io::Result<()> {
    let new = written(path, content)?;
    let linked = fs::hard_link(&new, path);
    fs::remove_file(&new)?;
    linked?;
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
    let folder = File::open(folder_of(&followed(path)))?;
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

/// The content in a file beside, always of the same name: what a writer that was killed has left is overwritten by the next.
fn written(path: &Path, content: &[u8]) -> io::Result<PathBuf> {
    let mut name = path.as_os_str().to_owned();
    name.push(".new");
    let new = PathBuf::from(name);
    match fs::remove_file(&new) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut options = OpenOptions::new();
    let options = options.write(true).create_new(true).mode(0o600);
    let mut file = options.open(&new)?;
    let done = give_to_owner(&file, path)
        .and_then(|()| file.write_all(content))
        .and_then(|()| file.sync_all());
    if let Err(error) = done {
        // The error of writing says more than one of this.
        let _ = fs::remove_file(&new);
        return Err(error);
    }
    Ok(new)
}

/// Gives a file to whom the one in its place belongs, or else the folder: root may work on the files of a server.
fn give_to_owner(file: &File, path: &Path) -> io::Result<()> {
    let owner = fs::metadata(path).or_else(|_| fs::metadata(folder_of(path)))?;
    let own = file.metadata()?;
    if (own.uid(), own.gid()) == (owner.uid(), owner.gid()) {
        return Ok(());
    }
    match fchown(file, Some(owner.uid()), Some(owner.gid())) {
        // Only root may give a file away; whoever else may write here is served as well by their own.
        Err(error) if error.kind() != ErrorKind::PermissionDenied => Err(error),
        _ => Ok(()),
    }
}

/// Where symbolic links lead to.
fn followed(path: &Path) -> PathBuf {
    fs::canonicalize(path).unwrap_or_else(|_| path.to_owned())
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

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::{MetadataExt, chown, symlink};

    use super::{create, mode, replace};

    #[test]
    fn a_link_is_followed_and_what_a_killed_writer_left_is_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let (real, link) = (folder.path().join("real"), folder.path().join("link"));
        create(&real, b"one").unwrap();
        symlink(&real, &link).unwrap();
        fs::write(folder.path().join("real.new"), b"left").unwrap();
        replace(&link, b"two").unwrap();
        assert_eq!(fs::read(&real).unwrap(), b"two");
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(mode(&real).unwrap(), 0o600);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
    }

    #[test]
    fn a_file_keeps_its_owner_and_a_new_one_is_the_folders() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        // Only root can give files away; then there is nothing to see.
        if chown(folder.path(), Some(65_534), Some(65_534)).is_err() {
            return;
        }
        create(&file, b"one").unwrap();
        assert_eq!(fs::metadata(&file).unwrap().uid(), 65_534);
        chown(&file, Some(1), Some(1)).unwrap();
        replace(&file, b"two").unwrap();
        assert_eq!(fs::metadata(&file).unwrap().uid(), 1);
    }
}
