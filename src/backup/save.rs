//! Asks a server for a backup, and puts it down as a file: whole, checked, on the disk, or not at all.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, ErrorKind, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::Error;
use super::file::Summary;
use super::restore::checked;
use super::socket::{GRANTED, Place, REQUEST};

/// How long the server may take for the next part.
const PATIENCE: Duration = Duration::from_mins(1);

/// The longest refusal that is read.
const LONGEST_LINE: u64 = 1024;

/// Writes a backup of the store that a server has open in `data_dir` to the new file `path`, which its owner alone can read. Until it is whole it has the
/// same name with `.partial` after it.
///
/// # Errors
/// When there is no server, or no whole backup; nothing is overwritten.
pub fn save(data_dir: &Path, path: &Path) -> Result<Summary, Error> {
    if path.symlink_metadata().is_ok() {
        return Err(Error::Exists(path.to_owned()));
    }
    let from = ask(data_dir)?;
    let partial = partial(path);
    let saved = write(from, &partial).and_then(|summary| {
        place(&partial, path)?;
        Ok(summary)
    });
    if saved.is_err() {
        // The next backup of this name overwrites it.
        let _ = fs::remove_file(&partial);
    }
    saved
}

/// What the server sends.
fn ask(data_dir: &Path) -> Result<impl Read, Error> {
    let no_server = |source| Error::NoServer {
        folder: data_dir.to_owned(),
        source,
    };
    let place = Place::of(data_dir).map_err(no_server)?;
    let mut stream = UnixStream::connect(&place.path).map_err(no_server)?;
    let mut line = String::new();
    let asked = stream
        .set_read_timeout(Some(PATIENCE))
        .and_then(|()| stream.write_all(REQUEST));
    asked.map_err(no_server)?;
    let mut from = BufReader::new(stream);
    (&mut from)
        .take(LONGEST_LINE)
        .read_line(&mut line)
        .map_err(no_server)?;
    match line.trim_end() {
        GRANTED => Ok(from),
        refusal => Err(Error::Refused(refusal.to_owned())),
    }
}

/// Writes what comes, and reads it back.
fn write(mut from: impl Read, partial: &Path) -> Result<Summary, Error> {
    let failed = |source| Error::Io {
        path: partial.to_owned(),
        source,
    };
    match fs::remove_file(partial) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(failed(error)),
        _ => {}
    }
    let mut options = OpenOptions::new();
    let options = options.write(true).create_new(true).mode(0o600);
    let mut file = options.open(partial).map_err(failed)?;
    io::copy(&mut from, &mut file).map_err(failed)?;
    file.sync_all().map_err(failed)?;
    checked(partial).map_err(|error| Error::BrokenOff(Box::new(error)))
}

/// Gives the file its name, unless that has been taken meanwhile.
fn place(partial: &Path, path: &Path) -> Result<(), Error> {
    let failed = |source| Error::Io {
        path: path.to_owned(),
        source,
    };
    match fs::hard_link(partial, path) {
        Ok(()) => fs::remove_file(partial).map_err(failed)?,
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            return Err(Error::Exists(path.to_owned()));
        }
        // Not every file system has links.
        Err(_) => fs::rename(partial, path).map_err(failed)?,
    }
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    let folder = File::open(folder.unwrap_or(Path::new(".")));
    folder.and_then(|folder| folder.sync_all()).map_err(failed)
}

fn partial(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".partial");
    name.into()
}
