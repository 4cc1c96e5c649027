//! The key file: a line for each key, the one that seals first. It is replaced whole, and never by two at once.

use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use zeroize::Zeroizing;

use super::error::Error;
use super::key::{Key, KeyId, LENGTH};
use super::keys::Keys;
use crate::private_file;

const HEADER: &str = "\
# The keys that datastored seals stored credentials with: the first line seals, all of them open.
# Whoever has this file and the data folder can read the credentials. Without it they are lost: keep a copy, apart from the data.
";

/// The bits of a mode that let others than the owner do anything.
const OTHERS: u32 = 0o077;

/// Where the keys are.
#[derive(Clone, Debug)]
pub struct KeyFile(PathBuf);

impl KeyFile {
    /// The file at `path`, whether it is there or not.
    #[must_use]
    pub fn new(path: PathBuf) -> Self {
        Self(path)
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// The keys in it.
    ///
    /// # Errors
    /// [`Error::Missing`], [`Error::OpenToOthers`], and what is wrong with it.
    pub fn read(&self) -> Result<Keys, Error> {
        let mode = match private_file::mode(&self.0) {
            Ok(mode) => mode,
            Err(error) if error.kind() == ErrorKind::NotFound => {
                return Err(Error::Missing(self.0.clone()));
            }
            Err(error) => return Err(self.io(error)),
        };
        if mode & OTHERS != 0 {
            let path = self.0.clone();
            return Err(Error::OpenToOthers { path, mode });
        }
        let text = fs::read_to_string(&self.0).map_err(|e| self.io(e))?;
        let text = Zeroizing::new(text);
        let keys = parse(&text).map_err(|line| Error::Damaged {
            path: self.0.clone(),
            line,
        })?;
        Keys::new(keys).ok_or_else(|| Error::Empty(self.0.clone()))
    }

    /// Makes the file, with one new key. What is there is never overwritten.
    ///
    /// # Errors
    /// [`Error::Exists`], and why it cannot be written.
    pub fn generate(&self) -> Result<Keys, Error> {
        let keys = Keys::generate()?;
        match private_file::create(&self.0, text(&keys).as_bytes()) {
            Ok(()) => Ok(keys),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                Err(Error::Exists(self.0.clone()))
            }
            Err(error) => Err(self.io(error)),
        }
    }

    /// Adds a new key, which seals from now on; the others stay.
    ///
    /// # Errors
    /// As [`KeyFile::read`], and why it cannot be written.
    pub fn rotate(&self) -> Result<Keys, Error> {
        let _alone = self.lock()?;
        let old = self.read()?.into_all();
        let new = Key::generate(SystemTime::now())?;
        self.replace(std::iter::once(new).chain(old).collect())
    }

    /// Takes the keys away that are not among `needed`, except the one that seals, and says which. That must be `current`, by which it was found out what
    /// is needed.
    ///
    /// # Errors
    /// [`Error::Changed`], and as [`KeyFile::rotate`].
    pub fn prune(&self, current: KeyId, needed: &[KeyId]) -> Result<Vec<KeyId>, Error> {
        let _alone = self.lock()?;
        let old = self.read()?;
        if old.current() != current {
            return Err(Error::Changed(self.0.clone()));
        }
        let stays = |key: &Key| key.id == current || needed.contains(&key.id);
        let (stay, go): (Vec<_>, Vec<_>) = old.into_all().into_iter().partition(stays);
        if !go.is_empty() {
            self.replace(stay)?;
        }
        Ok(go.iter().map(|key| key.id).collect())
    }

    fn replace(&self, keys: Vec<Key>) -> Result<Keys, Error> {
        let keys = Keys::new(keys).ok_or_else(|| Error::Empty(self.0.clone()))?;
        let replaced = private_file::replace(&self.0, text(&keys).as_bytes());
        replaced.map_err(|e| self.io(e))?;
        Ok(keys)
    }

    /// Keeps other commands out for as long as it is held.
    fn lock(&self) -> Result<File, Error> {
        private_file::lock(&self.0).map_err(|e| self.io(e))
    }

    fn io(&self, source: io::Error) -> Error {
        Error::Io {
            path: self.0.clone(),
            source,
        }
    }
}

/// The keys in the text of a file, or the number of the line that has none.
pub(super) fn parse(text: &str) -> Result<Vec<Key>, usize> {
    let mut keys = Vec::new();
    for (line, number) in text.lines().zip(1_usize..) {
        if !line.is_empty() && !line.starts_with('#') {
            keys.push(key(line).ok_or(number)?);
        }
    }
    Ok(keys)
}

/// The text of a file with these keys.
pub(super) fn text(keys: &Keys) -> Zeroizing<String> {
    let mut text = Zeroizing::new(HEADER.to_owned());
    for key in keys.all() {
        let time = humantime::format_rfc3339_seconds(key.created);
        let encoded = Zeroizing::new(BASE64_STANDARD.encode(*key.bytes));
        text.push_str(&time.to_string());
        text.push(' ');
        text.push_str(&encoded);
        text.push('\n');
    }
    text
}

fn key(line: &str) -> Option<Key> {
    let (time, key) = line.split_once(' ')?;
    let created = humantime::parse_rfc3339(time).ok()?;
    let decoded = Zeroizing::new(BASE64_STANDARD.decode(key.trim_end()).ok()?);
    let bytes: &[u8; LENGTH] = decoded.as_slice().try_into().ok()?;
    Key::new(Zeroizing::new(*bytes), created)
}

#[cfg(test)]
mod tests {
    use std::fs::Permissions;
    use std::os::unix::fs::PermissionsExt;

    use super::{Error, KeyFile, fs};

    fn file(folder: &tempfile::TempDir) -> KeyFile {
        KeyFile::new(folder.path().join("datastored.key"))
    }

    #[test]
    fn a_key_file_is_its_owners_alone_and_is_never_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let file = file(&folder);
        assert!(matches!(file.read(), Err(Error::Missing(_))));
        let id = file.generate().unwrap().current();
        assert_eq!(file.read().unwrap().current(), id);
        let mode = fs::metadata(file.path()).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert!(matches!(file.generate(), Err(Error::Exists(_))));
        assert_eq!(file.read().unwrap().current(), id);
        fs::set_permissions(file.path(), Permissions::from_mode(0o640)).unwrap();
        assert!(matches!(
            file.read(),
            Err(Error::OpenToOthers { mode: 0o640, .. })
        ));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn rotating_keeps_what_was_and_pruning_what_is_needed() {
        let folder = tempfile::tempdir().unwrap();
        let file = file(&folder);
        let first = file.generate().unwrap();
        let sealed = first.seal(b"secret", b"here").unwrap();
        let second = file.rotate().unwrap();
        let third = file.rotate().unwrap();
        assert_ne!(second.current(), first.current());
        let read = file.read().unwrap();
        assert_eq!(read.current(), third.current());
        assert_eq!(&**read.open(&sealed, b"here").unwrap(), b"secret");
        let refused = file.prune(second.current(), &[]);
        assert!(matches!(refused, Err(Error::Changed(_))));
        let pruned = file.prune(third.current(), &[first.current()]).unwrap();
        assert_eq!(pruned, [second.current()]);
        let read = file.read().unwrap();
        assert!(read.has(first.current()) && read.current() == third.current());
        let mode = fs::metadata(file.path()).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn a_damaged_file_is_refused_by_its_line_and_shows_nothing_of_it() {
        let folder = tempfile::tempdir().unwrap();
        let file = file(&folder);
        file.generate().unwrap();
        let whole = fs::read_to_string(file.path()).unwrap();
        for (damaged, line) in [
            (whole.replace('Z', ""), 3),
            (format!("{whole}{}", "2026-01-01T00:00:00Z c2hvcnQ="), 4),
            (whole[..whole.len() - 5].to_owned(), 3),
        ] {
            fs::write(file.path(), &damaged).unwrap();
            match file.read() {
                Err(Error::Damaged { line: found, .. }) => assert_eq!(found, line),
                other => panic!("{other:?}"),
            }
        }
        fs::write(file.path(), super::HEADER).unwrap();
        assert!(matches!(file.read(), Err(Error::Empty(_))));
    }

    #[test]
    fn two_that_rotate_at_once_both_add_their_key() {
        let folder = tempfile::tempdir().unwrap();
        let file = file(&folder);
        file.generate().unwrap();
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| file.rotate().unwrap());
            }
        });
        assert_eq!(file.read().unwrap().ids().count(), 9);
    }
}
