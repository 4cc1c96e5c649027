//! A disk that can lose power or fail under a server: `disk.c`, preloaded, notes what was synced. A power cut leaves that alone, or any part of the rest.

use std::collections::BTreeMap;
use std::fs::{self, DirBuilder, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, FileTypeExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::UNIX_EPOCH;

use tempfile::TempDir;

use crate::server::command;

/// What a disk writes whole.
const BLOCK: usize = 4096;

/// What has been synced, and the library that notes it.
pub struct Disk {
    synced: TempDir,
    library: TempDir,
}

/// What a power cut leaves of what was written and not synced.
pub enum Unsynced {
    /// Nothing.
    Lost,
    /// Each block, and each name in a folder, as chance has it.
    Torn(fastrand::Rng),
}

impl Disk {
    pub fn new() -> Self {
        let folder = || TempDir::new().expect("a temporary folder can be made");
        let (synced, library) = (folder(), folder());
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/torture/disk.c");
        let compiler = Command::new("cc")
            .args(["-O1", "-shared", "-fPIC", "-o"])
            .arg(library.path().join("disk.so"))
            .arg(source)
            .status()
            .expect("there is a C compiler: the build needs one too");
        assert!(compiler.success(), "{compiler}");
        Self { synced, library }
    }

    /// The command that serves in a folder on this disk.
    pub fn command(&self, folder: &Path) -> Command {
        let mut command = command(folder, &[]);
        command
            .env("LD_PRELOAD", self.library.path().join("disk.so"))
            .env("DISK_ROOT", folder)
            .env("DISK_SYNCED", self.synced.path());
        command
    }

    /// From now on the disk refuses, with this number of an error: `w` writes, `s` syncs, `b` both and opening for writing.
    pub fn fail(&self, what: char, errno: rustix::io::Errno) {
        let said = format!("{what}{}", errno.raw_os_error());
        let (fresh, fault) = (self.synced.path().join("told"), self.fault());
        fs::write(&fresh, said).expect("a temporary file can be written");
        fs::rename(fresh, fault).expect("a temporary file can be renamed");
    }

    /// The disk works again.
    pub fn mend(&self) {
        fs::remove_file(self.fault()).expect("the disk had been told to fail");
    }

    fn fault(&self) -> PathBuf {
        self.synced.path().join("fault")
    }

    /// Notes that all of a folder is on the disk.
    pub fn holds(&self, path: &Path) {
        let kept = self.synced.path().join(key(path));
        if path.is_file() {
            fs::copy(path, kept).expect("a file can be copied");
            return;
        }
        let mut lines = Vec::new();
        for (name, path) in entries(path) {
            let kind = if path.is_dir() { 'd' } else { 'f' };
            writeln!(lines, "{kind} {} {name}", key(&path)).expect("memory can be written");
            self.holds(&path);
        }
        fs::write(kept, lines).expect("a file can be written");
    }

    /// Makes the folder `into` as `from` is after a power cut.
    pub fn after_power_cut(&self, from: &Path, into: &Path, unsynced: &mut Unsynced) {
        let mut folder = DirBuilder::new();
        folder.recursive(true).mode(0o700);
        folder.create(into).expect("a folder can be made");
        for (name, (kind, key)) in self.names(from, unsynced) {
            let (from, into) = (from.join(&name), into.join(&name));
            if kind == 'd' {
                self.after_power_cut(&from, &into, unsynced);
            } else {
                let bytes = self.bytes(&from, &key, unsynced);
                let mut file = OpenOptions::new();
                file.write(true).create_new(true).mode(0o600);
                let mut file = file.open(into).expect("a file can be made");
                file.write_all(&bytes).expect("a file can be written");
            }
        }
    }

    /// The names in a folder, and what they stand for.
    fn names(&self, folder: &Path, unsynced: &mut Unsynced) -> BTreeMap<String, (char, String)> {
        let listed = fs::read_to_string(self.synced.path().join(key(folder))).unwrap_or_default();
        let mut names = BTreeMap::new();
        for line in listed.lines() {
            let mut parts = line.splitn(3, ' ');
            let mut part = || parts.next().expect("a line has three parts").to_owned();
            let (kind, key, name) = (part().starts_with('d'), part(), part());
            names.insert(name, (if kind { 'd' } else { 'f' }, key));
        }
        names.retain(|name, _| !is_socket(&folder.join(name)));
        let Unsynced::Torn(rng) = unsynced else {
            return names;
        };
        let now: BTreeMap<_, _> = entries(folder).into_iter().collect();
        names.retain(|name, _| now.contains_key(name) || rng.bool());
        for (name, path) in now {
            let kind = if path.is_dir() { 'd' } else { 'f' };
            let stands_for = (kind, key(&path));
            if names.get(&name) != Some(&stands_for) && rng.bool() {
                names.insert(name, stands_for);
            }
        }
        names
    }

    /// What a file holds.
    fn bytes(&self, path: &Path, file: &str, unsynced: &mut Unsynced) -> Vec<u8> {
        let mut bytes = fs::read(self.synced.path().join(file)).unwrap_or_default();
        let Unsynced::Torn(rng) = unsynced else {
            return bytes;
        };
        if !path.exists() || key(path) != file {
            return bytes;
        }
        let now = fs::read(path).expect("a file can be read");
        for (number, block) in now.chunks(BLOCK).enumerate() {
            if rng.bool() {
                let start = number * BLOCK;
                let end = start + block.len();
                bytes.resize(bytes.len().max(end), 0);
                bytes[start..end].copy_from_slice(block);
            }
        }
        bytes
    }
}

/// Inode and time of birth, as `disk.c` writes them: an inode alone may be another file's by now.
fn key(path: &Path) -> String {
    let Ok(metadata) = fs::symlink_metadata(path) else {
        return "gone".to_owned();
    };
    let born = metadata.created().ok();
    let born = born.and_then(|born| born.duration_since(UNIX_EPOCH).ok());
    let born = born.unwrap_or_default();
    format!(
        "{}-{}.{}",
        metadata.ino(),
        born.as_secs(),
        born.subsec_nanos()
    )
}

fn is_socket(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|found| found.file_type().is_socket())
}

/// The files and folders in a folder; a socket holds nothing.
pub fn entries(folder: &Path) -> Vec<(String, PathBuf)> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    let named = |entry: fs::DirEntry| {
        let name = entry.file_name().into_string();
        (name.expect("names are text"), entry.path())
    };
    let entries = entries.map(|entry| named(entry.expect("a folder can be listed")));
    entries.filter(|(_, path)| !is_socket(path)).collect()
}
