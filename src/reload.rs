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
use tokio_util::task::TaskTracker;
use tracing::{info, warn};

use crate::metrics;

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

    /// Calls `reload` each time the files have to be read again, until it is cancelled; the log says how that went.
    async fn run<F>(mut self, what: &'static str, cancel: CancellationToken, reload: F)
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
                Err(error) => warn!(what, %error, "not reloaded"),
            }
        }
    }
}

/// All that is read again while the server runs.
#[derive(Debug, Default)]
pub struct Reloads {
    counted: metrics::Reloads,
    tasks: TaskTracker,
    stopping: CancellationToken,
}

impl Reloads {
    /// Nothing yet; how reading again goes is counted.
    #[must_use]
    pub fn new(counted: metrics::Reloads) -> Self {
        Self {
            counted,
            ..Self::default()
        }
    }

    /// From now on calls `reload`, off the async threads, whenever the watched files change and on SIGHUP. The log says how that went, and calls it `what`.
    ///
    /// `reload` either takes over all that is in the files, or changes nothing and returns a sentence that says what is wrong and what to do; then it is
    /// called again at the next change.
    pub fn add<F>(&self, what: &'static str, watch: Watch, reload: F)
    where
        F: Fn() -> Result<(), String> + Send + Sync + 'static,
    {
        self.counted.watched(what);
        let (stopping, counted) = (self.stopping.clone(), self.counted.clone());
        let reload = move || {
            let outcome = reload();
            counted.ended(what, outcome.is_ok());
            outcome
        };
        self.tasks.spawn(watch.run(what, stopping, reload));
    }

    /// Reads nothing again any more; returns when what is being read has been.
    pub async fn stop(self) {
        self.stopping.cancel();
        self.tasks.close();
        self.tasks.wait().await;
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

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;
    use std::path::Path;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use tokio::time::timeout;
    use tokio_util::sync::CancellationToken;

    use super::{LOOK_EVERY, Watch};

    /// How often the files are read again in ten looks, after that change.
    async fn reloads_after(change: impl FnOnce(&Path), outcome: Result<(), String>) -> usize {
        let folder = tempfile::TempDir::new().unwrap();
        let file = folder.path().join("file");
        fs::write(&file, "one").unwrap();
        let missing = folder.path().join("missing");
        let watch = Watch::begin(vec![missing, file.clone()]).unwrap();
        change(&file);
        let read = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&read);
        let reload = move || {
            count.fetch_add(1, Ordering::Relaxed);
            outcome.clone()
        };
        let run = watch.run("a file", CancellationToken::new(), reload);
        let ended = timeout(10 * LOOK_EVERY, run).await;
        assert!(ended.is_err(), "it is watched until it is cancelled");
        read.load(Ordering::Relaxed)
    }

    #[tokio::test(start_paused = true)]
    async fn files_are_read_again_once_for_each_change_and_otherwise_not() {
        assert_eq!(reloads_after(|_| {}, Ok(())).await, 0);
        let replace = |file: &Path| {
            let next = file.with_extension("next");
            fs::write(&next, "two").unwrap();
            fs::rename(&next, file).unwrap();
        };
        let write = |file: &Path| fs::write(file, "longer").unwrap();
        let remove = |file: &Path| fs::remove_file(file).unwrap();
        let appear = |file: &Path| fs::write(file.with_file_name("missing"), "two").unwrap();
        let open_up = |file: &Path| {
            fs::set_permissions(file, fs::Permissions::from_mode(0o604)).unwrap();
        };
        let changes: [&dyn Fn(&Path); 5] = [&replace, &write, &remove, &appear, &open_up];
        for (number, change) in changes.into_iter().enumerate() {
            for outcome in [Ok(()), Err("it is half written".to_owned())] {
                assert_eq!(reloads_after(change, outcome).await, 1, "{number}");
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_watch_that_is_cancelled_ends() {
        let watch = Watch::begin(Vec::new()).unwrap();
        let cancel = CancellationToken::new();
        cancel.cancel();
        watch.run("nothing", cancel, || Ok(())).await;
    }
}
