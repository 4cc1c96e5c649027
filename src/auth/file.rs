//! Reading a small file, bounded.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// The most that is read of a file, in bytes. Ten thousand tokens have about 3 MiB.
const MAX: u64 = 16 * 1024 * 1024;

/// The text of a file.
///
/// # Errors
/// When it cannot be read, is no text, or is longer than anything that belongs here.
pub(super) fn read(path: &Path) -> io::Result<String> {
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
