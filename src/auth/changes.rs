//! Tells when a file may have changed: by looking at it every two seconds, and at a SIGHUP.

use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::sleep;

/// How often the file is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// What is different after a change: the time, the length, or the file itself.
type Stamp = Option<(SystemTime, u64, u64)>;

/// Watches one file.
#[derive(Debug)]
pub(super) struct Changes {
    path: PathBuf,
    seen: Stamp,
    hangups: Signal,
}

impl Changes {
    /// Watches from now on. Read the file after this, so that no change falls between.
    ///
    /// # Errors
    /// When signals cannot be received.
    pub(super) fn of(path: &Path) -> io::Result<Self> {
        Ok(Self {
            path: path.to_owned(),
            seen: stamp(path),
            hangups: signal(SignalKind::hangup())?,
        })
    }

    /// Waits until the file may have changed since the last time.
    pub(super) async fn next(&mut self) {
        loop {
            let is_asked = tokio::select! {
                () = sleep(LOOK_EVERY) => false,
                hangup = self.hangups.recv() => hangup.is_some(),
            };
            let path = self.path.clone();
            let Ok(now) = tokio::task::spawn_blocking(move || stamp(&path)).await else {
                continue;
            };
            if is_asked || now != self.seen {
                self.seen = now;
                return;
            }
        }
    }
}

fn stamp(path: &Path) -> Stamp {
    let metadata = std::fs::metadata(path).ok()?;
    Some((metadata.modified().ok()?, metadata.len(), metadata.ino()))
}
