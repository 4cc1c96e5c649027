//! sled's snapshots: which of them are damaged, and out of the way with those.
//!
//! A snapshot is how far sled had read its log when the store was last opened, nothing but a head start: without one
//! sled reads the log from its beginning. One that it cannot read, though, makes it refuse to open (its issues 1527 and
//! 1533), and so does half of one: a stop while it writes `snap.<n>.generating` leaves that file, which it then takes
//! for the newest snapshot. All of this is `pagecache/snapshot.rs` of sled 0.34.7.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The damaged snapshots of a store, renamed so that sled does not see them. Nothing is deleted.
#[derive(Debug, Default)]
pub(super) struct Aside {
    /// Old and new names.
    moved: Vec<(PathBuf, PathBuf)>,
}

impl Aside {
    /// Sets those snapshots in sled's folder `store` aside that sled could not read.
    pub(super) fn set(store: &Path) -> io::Result<Self> {
        let mut aside = Self::default();
        for (name, path) in list(store)? {
            if !is_whole(&fs::read(&path)?) {
                aside.add(&name, &path)?;
            }
        }
        Ok(aside)
    }

    fn add(&mut self, name: &str, path: &Path) -> io::Result<()> {
        let mut number = 1;
        let mut aside = path.with_file_name(format!("damaged-{number}.{name}"));
        while aside.exists() {
            number += 1;
            aside.set_file_name(format!("damaged-{number}.{name}"));
        }
        fs::rename(path, &aside)?;
        tracing::warn!(from = %path.display(), to = %aside.display(), "set a damaged snapshot of the store aside");
        self.moved.push((path.to_owned(), aside));
        Ok(())
    }

    /// Gives the snapshots their names back.
    pub(super) fn put_back(&self) -> io::Result<()> {
        self.moved
            .iter()
            .try_for_each(|(path, aside)| fs::rename(aside, path))
    }
}

/// How far into the log the finished snapshots in sled's folder `store` reach at most, damaged ones included: the
/// number that sled put in their names.
pub(super) fn reach(store: &Path) -> io::Result<Option<u64>> {
    let numbers = list(store)?
        .into_iter()
        .map(|(name, _)| u64::from_str_radix(name.trim_start_matches("snap."), 16));
    Ok(numbers.filter_map(Result::ok).max())
}

/// The snapshots in `store`: names and paths.
fn list(store: &Path) -> io::Result<Vec<(String, PathBuf)>> {
    let mut found = Vec::new();
    for file in fs::read_dir(store)? {
        let file = file?;
        match file.file_name().into_string() {
            Ok(name) if name.starts_with("snap.") => found.push((name, file.path())),
            _ => {}
        }
    }
    Ok(found)
}

/// Whether the last four bytes are the checksum of all but the last twelve, as sled requires.
fn is_whole(snapshot: &[u8]) -> bool {
    let Some((rest, checksum)) = snapshot.split_last_chunk() else {
        return false;
    };
    let Some((content, _length)) = rest.split_last_chunk::<8>() else {
        return false;
    };
    !content.is_empty() && crc32fast::hash(content) == u32::from_le_bytes(*checksum)
}
