//! The writer: the one thread that changes the tree, many commits to a disk sync.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, OnceLock};
use std::thread::{self, JoinHandle};

use ::sled::{Batch, Db};
use tokio::sync::{mpsc, oneshot};

use super::super::{Error, Guard, Op, Revision, Txn};
use super::layout;
use super::view::{Before, View};
use crate::metrics::Commits;

/// The most commits in one batch.
const BATCH_COMMITS: usize = 512;

/// The bytes of keys and values after which a batch takes no further commit. What a batch writes to sled's log must stay
/// well under two of its segments (512 KiB each): sled overwrites a segment and unlinks a blob two segments after they
/// were replaced, and by then the replacement must have been synced.
const BATCH_BYTES: usize = 256 * 1024;

/// Makes everything that sled has written so far durable.
pub(super) type Sync = Box<dyn FnMut() -> io::Result<()> + Send>;

/// Where a commit gets its answer.
type Reply = oneshot::Sender<Result<Revision, Error>>;

/// What the writer is asked to do.
pub(super) enum Message {
    /// Commit and answer.
    Commit(Txn, Reply),
    /// Take no more messages, finish those that wait, end.
    Close,
}

/// Why the writer refuses to write, once it does.
#[derive(Clone, Debug, Default)]
pub(super) struct Broken(Arc<OnceLock<String>>);

impl Broken {
    /// The reason, in words for the caller; `None` while all is well.
    pub(super) fn reason(&self) -> Option<String> {
        self.0.get().cloned()
    }
}

/// What a commit gets when the writer thread is gone.
pub(super) fn stopped() -> Error {
    Error::Unavailable(
        "its writer has stopped, so nothing more is written: restart the server".to_owned(),
    )
}

/// The state of the writer thread.
pub(super) struct Writer {
    db: Db,
    view: Arc<View>,
    sync: Sync,
    last: Revision,
    broken: Broken,
}

/// The commits that go to the disk together.
#[derive(Default)]
struct Group {
    /// Tree keys and what they will hold.
    changes: BTreeMap<Vec<u8>, Option<Vec<u8>>>,
    answers: Vec<(Reply, Result<Revision, Error>)>,
}

impl Writer {
    /// A writer that goes on after revision `last`.
    pub(super) fn new(db: Db, view: Arc<View>, sync: Sync, last: Revision, broken: Broken) -> Self {
        Self {
            db,
            view,
            sync,
            last,
            broken,
        }
    }

    /// Starts the thread. It ends after [`Message::Close`] or when all senders are gone, after what is queued is done.
    pub(super) fn start(
        self,
        messages: mpsc::Receiver<Message>,
        counted: Commits,
    ) -> io::Result<JoinHandle<()>> {
        thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || self.run(messages, &counted))
    }

    fn run(mut self, mut messages: mpsc::Receiver<Message>, counted: &Commits) {
        while let Some(first) = messages.blocking_recv() {
            let commits = gather(first, &mut messages);
            if !commits.is_empty() {
                counted.batch(u16::try_from(commits.len()).unwrap_or(u16::MAX));
                self.commit(commits);
            }
        }
    }

    /// Answers all of `commits`, after those that hold are on the disk.
    fn commit(&mut self, commits: Vec<(Txn, Reply)>) {
        let mut group = Group::default();
        for (txn, reply) in commits {
            let answer = self.stage(&mut group, &txn);
            group.answers.push((reply, answer));
        }
        let changes = std::mem::take(&mut group.changes);
        let written = if changes.is_empty() {
            Ok(())
        } else {
            self.write(&changes)
        };
        let refused = written.err().map(|reason| {
            tracing::error!(%reason, "the store refuses commits from now on");
            self.broken.0.get_or_init(|| reason).clone()
        });
        for (reply, answer) in group.answers {
            // Conflicts too rest on commits of this group, so they are no more certain than the group is.
            let answer = refused
                .clone()
                .map_or(answer, |reason| Err(Error::Unavailable(reason)));
            // Who no longer waits needs no answer.
            let _ = reply.send(answer);
        }
    }

    /// Adds `txn` to the group if its guards hold after the commits already in it.
    fn stage(&mut self, group: &mut Group, txn: &Txn) -> Result<Revision, Error> {
        if let Some(reason) = self.broken.reason() {
            return Err(Error::Unavailable(reason));
        }
        for guard in txn.guards() {
            let (key, required) = match guard {
                Guard::Absent(key) => (key, None),
                Guard::At(key, revision) => (key, Some(*revision)),
            };
            if self.revision_of(group, key)? != required {
                return Err(Error::Conflict { key: key.clone() });
            }
        }
        if txn.ops().is_empty() {
            return Ok(self.last);
        }
        self.last = self.last.next();
        for op in txn.ops() {
            let (key, value) = match op {
                Op::Put(key, value) => (key, Some(layout::tree_value(self.last, value))),
                Op::Delete(key) => (key, None),
            };
            group.changes.insert(layout::tree_key(key), value);
        }
        Ok(self.last)
    }

    /// The revision of what `key` holds after the commits of the group.
    fn revision_of(&self, group: &Group, key: &[u8]) -> Result<Option<Revision>, Error> {
        let key = layout::tree_key(key);
        let revision = |value: &[u8]| layout::split(value).map(|(revision, _)| revision);
        match group.changes.get(&key) {
            Some(value) => value.as_deref().map(revision).transpose(),
            None => self.db.get(&key)?.as_deref().map(revision).transpose(),
        }
    }

    /// Puts the changes on the disk and then before the readers; on failure says what commits shall be told.
    fn write(&mut self, changes: &BTreeMap<Vec<u8>, Option<Vec<u8>>>) -> Result<(), String> {
        let advice = "free space on its disk or mend it, then restart the server";
        let explain = |error: ::sled::Error| format!("writing failed ({error}): {advice}");
        let mut batch = Batch::default();
        let mut before = Before::new();
        for (key, value) in changes {
            before.insert(key.clone(), self.db.get(key).map_err(explain)?);
            match value {
                Some(value) => batch.insert(key.as_slice(), value.as_slice()),
                None => batch.remove(key.as_slice()),
            }
        }
        batch.insert(layout::REVISION_KEY, &self.last.get().to_be_bytes());
        self.view.hide(before);
        self.db.apply_batch(batch).map_err(explain)?;
        self.db.flush().map_err(explain)?;
        (self.sync)().map_err(|error| format!("syncing the disk failed ({error}): {advice}"))?;
        self.view.reveal(self.last);
        Ok(())
    }
}

/// `first` and the commits that wait behind it, as many as make a batch.
fn gather(first: Message, messages: &mut mpsc::Receiver<Message>) -> Vec<(Txn, Reply)> {
    let mut commits = Vec::new();
    let mut bytes = 0;
    let mut next = Some(first);
    while let Some(message) = next {
        match message {
            Message::Commit(txn, reply) => {
                bytes += txn.ops().iter().map(size).sum::<usize>();
                commits.push((txn, reply));
            }
            Message::Close => messages.close(),
        }
        if commits.len() >= BATCH_COMMITS || bytes >= BATCH_BYTES {
            break;
        }
        next = messages.try_recv().ok();
    }
    commits
}

/// The bytes of a key and its value.
fn size(op: &Op) -> usize {
    match op {
        Op::Put(key, value) => key.len() + value.len(),
        Op::Delete(key) => key.len(),
    }
}
