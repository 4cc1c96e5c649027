//! The embedded engine: one sled tree, one writer thread, every commit on the disk before it is acknowledged.
//!
//! A data folder holds `datastored.lock`, locked and naming the process that has it open, `datastored.created`,
//! there once the store has been made, and `store/`, which is sled's.

mod folder;
mod layout;
mod loader;
mod open;
mod picture;
mod snapshots;
#[cfg(test)]
mod tests;
mod view;
mod writer;

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use tokio::sync::{mpsc, oneshot};
use tokio::task::spawn_blocking;
use tokio::time::Instant;

use self::folder::{Files, Lock};
pub use self::loader::Loader;
pub use self::picture::Picture;
use self::view::View;
use self::writer::{Broken, Message, Sync, Writer};
use super::{Entry, Error, Revision, Scan, Store, Txn};
use crate::metrics::Commits;

/// How many commits may wait for the writer before the next one waits to be let in.
const QUEUE: usize = 1024;

/// The file that is there once the store has been made.
const CREATED: &str = "datastored.created";

/// The longest page collected on the caller's thread: some four leaves of the tree.
const INLINE_SCAN: usize = 64;

/// A store in a folder of this machine, open in one process at a time.
///
/// - [`get`](Store::get) and scans of up to 64 entries run on the caller's thread: in memory mostly, one `pread` for
///   each leaf that sled's page cache does not hold. Longer scans run on tokio's blocking threads.
/// - [`commit`](Store::commit) waits for the writer thread, which gathers what waits, writes it as one batch, syncs the
///   disk once, and answers. Reads show a commit from that moment, not before.
/// - When writing or syncing fails, the commits of that batch and all later ones get [`Error::Unavailable`] until the
///   store is opened anew, because after a failed sync the kernel may have dropped what it could not write. Reads go on
///   with the state before that batch, except that sled refuses to read pages of its tree that it failed to write.
/// - Dropping it writes what is queued, as [`close`](Self::close) does, and blocks until that is done.
#[derive(Debug)]
pub struct Sled {
    queue: Option<mpsc::Sender<Message>>,
    view: Arc<View>,
    broken: Broken,
    commits: Commits,
    writer: Mutex<Option<JoinHandle<()>>>,
    lock: Mutex<Option<Lock>>,
}

/// How many commits wait for the writer of a store. It keeps no store open.
#[derive(Clone, Debug)]
pub struct Backlog(Option<mpsc::WeakSender<Message>>);

impl Backlog {
    /// So many, without those that are being written; 0 once the store is closed.
    #[must_use]
    pub fn commits(&self) -> usize {
        let queue = self.0.as_ref().and_then(mpsc::WeakSender::upgrade);
        queue.map_or(0, |queue| queue.max_capacity() - queue.capacity())
    }
}

impl Sled {
    /// Opens the store in `dir`; creates both, for this user only, where they do not exist. Blocks on the disk: seconds
    /// after an abrupt stop.
    ///
    /// # Errors
    /// [`Error::AlreadyOpen`], [`Error::UnknownFormat`], [`Error::Corrupt`], and [`Error::Folder`] when the operating
    /// system refuses. Nothing is ever deleted or made anew in the place of what cannot be read.
    pub fn open(dir: &Path) -> Result<Self, Error> {
        Self::open_counting(dir, Commits::default())
    }

    /// As [`open`](Self::open), where a store has been made before.
    ///
    /// # Errors
    /// As [`open`](Self::open), and [`Error::Missing`].
    pub fn open_existing(dir: &Path) -> Result<Self, Error> {
        if dir.join(CREATED).exists() {
            return Self::open(dir);
        }
        let path = dir.to_owned();
        Err(Error::Missing { path })
    }

    /// As [`open`](Self::open), counting the commits there.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn open_counting(dir: &Path, commits: Commits) -> Result<Self, Error> {
        Self::open_with(dir, commits, |mut files| Box::new(move || files.sync()))
    }

    /// As [`open_counting`](Self::open_counting), syncing the disk through what `sync` makes of sled's files.
    fn open_with(
        dir: &Path,
        commits: Commits,
        sync: impl FnOnce(Files) -> Sync,
    ) -> Result<Self, Error> {
        let lock = Lock::take(dir)?;
        let store = dir.join("store");
        let created = dir.join(CREATED);
        let (db, revision) = open::open(&store, &created)?;
        let files = Files::of(&store)?;
        folder::mark(&created)?;
        let view = Arc::new(View::new(db.clone(), revision));
        let broken = Broken::default();
        let (queue, messages) = mpsc::channel(QUEUE);
        let writer = Writer::new(db, Arc::clone(&view), sync(files), revision, broken.clone());
        let writer = writer
            .start(messages, commits.clone())
            .map_err(|source| Error::Folder {
                path: store,
                source,
            })?;
        Ok(Self {
            queue: Some(queue),
            view,
            broken,
            commits,
            writer: Mutex::new(Some(writer)),
            lock: Mutex::new(Some(lock)),
        })
    }

    /// Whether commits are still accepted: not after [`close`](Self::close) nor after a failed write.
    #[must_use]
    pub fn is_writable(&self) -> bool {
        self.broken.reason().is_none()
            && self.queue.as_ref().is_some_and(|queue| !queue.is_closed())
    }

    /// Who tells how many commits wait for the writer.
    #[must_use]
    pub fn backlog(&self) -> Backlog {
        Backlog(self.queue.as_ref().map(mpsc::Sender::downgrade))
    }

    /// A picture of this moment, with every commit acknowledged so far and none that is not on the disk. `None` while another one is open.
    #[must_use]
    pub fn picture(&self) -> Option<Picture> {
        Picture::begin(&self.view)
    }

    /// Stops accepting commits, waits for those already queued, and lets go of the folder. Everything asked afterwards
    /// gets [`Error::Unavailable`]; a second close does nothing.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the writer had failed or did not end well: the last commits got no acknowledgement.
    pub async fn close(&self) -> Result<(), Error> {
        if let Some(queue) = &self.queue {
            // A closed channel is a writer that has already stopped.
            let _ = queue.send(Message::Close).await;
        }
        let writer = take(&self.writer);
        let (view, broken) = (Arc::clone(&self.view), self.broken.clone());
        let ended = spawn_blocking(move || {
            let ended = writer.is_none_or(|writer| writer.join().is_ok());
            let_go(&view, &broken);
            ended
        })
        .await;
        drop(take(&self.lock));
        match (ended, self.broken.reason()) {
            (Ok(true), None) => Ok(()),
            (_, Some(reason)) => Err(Error::Unavailable(reason)),
            _ => Err(writer::stopped()),
        }
    }
}

impl Store for Sled {
    async fn get(&self, key: &[u8]) -> Result<Option<Entry>, Error> {
        self.view.get(key)
    }

    async fn scan(&self, scan: Scan) -> Result<Vec<Entry>, Error> {
        if scan.limit <= INLINE_SCAN {
            return self.view.scan(&scan);
        }
        let view = Arc::clone(&self.view);
        let page = spawn_blocking(move || view.scan(&scan)).await;
        page.unwrap_or_else(|panic| {
            Err(Error::Unavailable(format!(
                "a scan ended early ({panic}); retry"
            )))
        })
    }

    async fn commit(&self, txn: Txn) -> Result<Revision, Error> {
        let start = Instant::now();
        let (reply, answer) = oneshot::channel();
        let queue = self.queue.as_ref().ok_or_else(writer::stopped)?;
        queue
            .send(Message::Commit(txn, reply))
            .await
            .map_err(|_| writer::stopped())?;
        let answered = answer.await.map_err(|_| writer::stopped())?;
        self.commits.answered(start.elapsed());
        answered
    }
}

impl Drop for Sled {
    fn drop(&mut self) {
        drop(self.queue.take());
        if let Some(writer) = take(&self.writer) {
            // A writer that panicked has said so; nobody is left to tell.
            let _ = writer.join();
        }
        let_go(&self.view, &self.broken);
    }
}

/// Ends the use of the tree, after the writer has ended.
fn let_go(view: &View, broken: &Broken) {
    if broken.reason().is_none() {
        view.close();
    } else {
        view.abandon();
    }
}

/// What the slot held, leaving it empty.
fn take<T>(slot: &Mutex<Option<T>>) -> Option<T> {
    slot.lock().unwrap_or_else(PoisonError::into_inner).take()
}
