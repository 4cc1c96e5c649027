//! Files that are read again while the server runs: when they change, and on SIGHUP.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

/// How often the files are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// Files that are watched: on SIGHUP, and when one is written, replaced by a rename, or led elsewhere by a symbolic link on the way to it.
#[derive(Debug)]
pub struct Watch {
    files: Arc<[PathBuf]>,
    seen: Looks,
    hangup: Signal,
}

/// What tells one content of a file from the next, without reading it: device, inode, size, and nanoseconds of the last change of content
/// and of the inode. `None` while there is no file.
type Look = Option<(u64, u64, u64, [i64; 4])>;

/// A look at each of the files, in their order.
type Looks = Vec<Look>;

impl Watch {
    /// Looks at the files and takes SIGHUP over, which from now on no longer ends the process. To be called before the files are read for the first
    /// time, so that no change is missed, in a tokio runtime, where blocking is allowed.
    ///
    /// # Errors
    /// When the handler of the signal cannot be installed.
    pub fn begin(files: Vec<PathBuf>) -> io::Result<Self> {
        Ok(Self {
            seen: looks(&files),
            files: files.into(),
            hangup: signal(SignalKind::hangup())?,
        })
    }

    /// Calls `reload`, off the async threads, each time the files have to be read again, until it is cancelled; the log says how that went.
    ///
    /// An error of `reload` says what is wrong, and that the server goes on with what it has; it is called again at the next change.
    pub async fn run<F>(mut self, what: &'static str, cancel: CancellationToken, reload: F)
    where
        F: Fn() -> Result<(), String> + Send + Sync + 'static,
    {
        let reload = Arc::new(reload);
        let mut clock = interval(LOOK_EVERY);
        clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let asked = tokio::select! {
                () = cancel.cancelled() => return,
                Some(()) = self.hangup.recv() => true,
                _ = clock.tick() => false,
            };
            let (files, seen) = (Arc::clone(&self.files), self.seen.clone());
            let reload = Arc::clone(&reload);
            let work = move || {
                let now = looks(&files);
                if asked || now != seen {
                    say(what, reload());
                }
                now
            };
            match tokio::task::spawn_blocking(work).await {
                Ok(now) => self.seen = now,
                Err(error) => {
                    warn!(what, %error, "reloading failed; restart the server when the files are right")
                }
            }
        }
    }
}

fn say(what: &str, outcome: Result<(), String>) {
    match outcome {
        Ok(()) => info!(what, "reloaded"),
        Err(error) => warn!(
            what,
            error, "not reloaded; what was read before stays in use until the files are right"
        ),
    }
}

fn looks(files: &[PathBuf]) -> Looks {
    let look = |file: &PathBuf| {
        let now = fs::metadata(file).ok()?;
        let times = [now.mtime(), now.mtime_nsec(), now.ctime(), now.ctime_nsec()];
        Some((now.dev(), now.ino(), now.size(), times))
    };
    files.iter().map(look).collect()
}
