//! Reading a small file that says who may do what: bounded, and not if others may write it.

use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// The most that is read of a file, in bytes. Ten thousand tokens have about 3 MiB.
const MAX: u64 = 16 * 1024 * 1024;
/// The bits of a mode that let others than the owner write.
const OTHERS_WRITE: u32 = 0o022;

/// The text of a file.
///
/// # Errors
/// When it cannot be read, is no text, is longer than anything that belongs here, or others may write it.
pub(super) fn read(path: &Path) -> io::Result<String> {
    let found = fs::metadata(path)?;
    if !found.is_file() {
        // Opening a pipe would wait for whoever writes into it.
        return Err(io::Error::other("it is no file"));
    }
    if found.mode() & OTHERS_WRITE != 0 {
        let problem = "others may write it, and so give themselves access: chmod 600 it";
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, problem));
    }
    let mut text = String::new();
    File::open(path)?.take(MAX + 1).read_to_string(&mut text)?;
    if text.len() as u64 > MAX {
        return Err(io::Error::new(
            io::ErrorKind::FileTooLarge,
            format!("it has more than {MAX} bytes"),
        ));
    }
    Ok(text)
}
