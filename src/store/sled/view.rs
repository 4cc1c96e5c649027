//! What readers see: the tree as of the last batch that is on the disk.
//!
//! sled shows a batch before it is durable. So the writer first notes here what the keys of the batch hold, readers take
//! these notes before the tree, and the notes go when the batch is on the disk. That moment is the commit's place in the
//! order of reads and writes. It also makes every page a picture of one moment, which sled's iterators are not.

use std::collections::BTreeMap;
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use ::sled::{Db, IVec};

use super::super::{Direction, Entry, Error, Revision, Scan};
use super::layout;
use super::picture::Notes;

/// Tree keys, and what each held before the batch that is being written.
pub(super) type Before = BTreeMap<Vec<u8>, Option<IVec>>;

/// The durable state of the tree.
#[derive(Debug)]
pub(super) struct View {
    inner: RwLock<Inner>,
}

#[derive(Debug)]
struct Inner {
    /// `None` once closed.
    db: Option<Db>,
    before: Before,
    /// The last commit that is on the disk.
    last: Revision,
    /// What an open picture must not lose.
    notes: Option<Notes>,
}

impl View {
    /// All that `db` holds, whose last commit is `last`.
    pub(super) fn new(db: Db, last: Revision) -> Self {
        Self {
            inner: RwLock::new(Inner {
                db: Some(db),
                before: Before::new(),
                last,
                notes: None,
            }),
        }
    }

    /// What `key` holds.
    pub(super) fn get(&self, key: &[u8]) -> Result<Option<Entry>, Error> {
        let key = layout::tree_key(key);
        let inner = self.read();
        let db = inner.db()?;
        let value = match inner.before.get(&key) {
            Some(before) => before.clone(),
            None => db.get(&key)?,
        };
        value.map(|value| layout::entry(&key, &value)).transpose()
    }

    /// The page that `scan` asks for. Commits wait while it is collected.
    pub(super) fn scan(&self, scan: &Scan) -> Result<Vec<Entry>, Error> {
        let inner = self.read();
        inner.scan(scan, &inner.before)
    }

    /// From now on readers see `before` in place of what the tree holds.
    pub(super) fn hide(&self, before: Before) {
        let mut inner = self.write();
        if let Some(notes) = &mut inner.notes {
            notes.keep(&before);
        }
        inner.before = before;
    }

    /// From now on readers see all that the tree holds, up to the commit `last`.
    pub(super) fn reveal(&self, last: Revision) {
        let mut inner = self.write();
        inner.last = last;
        let hidden = std::mem::take(&mut inner.before);
        drop(inner);
        drop(hidden);
    }

    /// Begins to keep what a picture of this moment must not lose, and says which commit was the last. `None` while that is done for another one.
    pub(super) fn begin_notes(&self) -> Option<Revision> {
        let mut inner = self.write();
        if inner.notes.is_some() {
            return None;
        }
        inner.notes = Some(Notes::of(&inner.before));
        Some(inner.last)
    }

    /// A page of the picture. Commits wait while it is collected.
    pub(super) fn page_of_picture(&self, scan: &Scan) -> Result<Vec<Entry>, Error> {
        let inner = self.read();
        let notes = inner.notes.as_ref();
        let changed =
            notes.ok_or_else(|| Error::Unavailable("the picture is closed".to_owned()))?;
        let page = inner.scan(scan, changed.whole()?)?;
        drop(inner);
        if let (Some(last), Some(notes)) = (page.last(), &mut self.write().notes) {
            notes.pass(layout::tree_key(&last.key));
        }
        Ok(page)
    }

    /// The picture has been read, or is given up.
    pub(super) fn end_notes(&self) {
        let notes = self.write().notes.take();
        drop(notes);
    }

    /// Lets go of the tree: reads are refused from now on. Blocks on the disk when nobody else holds the tree.
    pub(super) fn close(&self) {
        let db = self.write().db.take();
        drop(db);
    }

    /// As [`close`](Self::close), for a tree that could not be written: it is left to the end of the process, because
    /// dropping it would wait, perhaps for ever, for sled to write what it could not.
    pub(super) fn abandon(&self) {
        std::mem::forget(self.write().db.take());
    }

    fn read(&self) -> RwLockReadGuard<'_, Inner> {
        self.inner.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Inner> {
        self.inner.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn db(&self) -> Result<&Db, Error> {
        self.db.as_ref().ok_or_else(|| {
            Error::Unavailable("it is closed: this process is shutting down".to_owned())
        })
    }

    /// The page that `scan` asks for, with `before` laid over the tree.
    fn scan(&self, scan: &Scan, before: &Before) -> Result<Vec<Entry>, Error> {
        let db = self.db()?;
        let Some(range) = layout::range(scan) else {
            return Ok(Vec::new());
        };
        let before = before
            .range(range.clone())
            .map(|(key, value)| (key.as_slice(), value.as_ref()));
        let tree = db.range(range);
        match scan.direction {
            Direction::Ascending => page(tree, before, scan.limit, |a, b| a < b),
            Direction::Descending => page(tree.rev(), before.rev(), scan.limit, |a, b| a > b),
        }
    }
}

/// The first `limit` entries of `tree` with `before` laid over it, both in the order of `precedes`.
fn page<'a>(
    mut tree: impl Iterator<Item = ::sled::Result<(IVec, IVec)>>,
    before: impl Iterator<Item = (&'a [u8], Option<&'a IVec>)>,
    limit: usize,
    precedes: impl Fn(&[u8], &[u8]) -> bool,
) -> Result<Vec<Entry>, Error> {
    let mut before = before.peekable();
    let mut page = Vec::new();
    while page.len() < limit {
        let Some(item) = tree.next() else { break };
        let (key, value) = item?;
        while let Some((gone, old)) = before.next_if(|(gone, _)| precedes(gone, &key)) {
            page.extend(old.map(|old| layout::entry(gone, old)).transpose()?);
        }
        match before.next_if(|(changed, _)| **changed == *key) {
            Some((changed, old)) => {
                page.extend(old.map(|old| layout::entry(changed, old)).transpose()?);
            }
            None => page.push(layout::entry(&key, &value)?),
        }
    }
    for (gone, old) in before {
        if page.len() >= limit {
            break;
        }
        page.extend(old.map(|old| layout::entry(gone, old)).transpose()?);
    }
    page.truncate(limit);
    Ok(page)
}
