//! A picture of the whole store at one moment, read page by page while commits go on.
//!
//! sled has no snapshots. While a picture is open, the writer notes what a key held before it is changed, unless the picture has come past that key
//! already. A page is the tree with these notes laid over it.

use std::sync::Arc;

use super::super::{Direction, Entry, Error, Revision, Scan};
use super::view::{Before, View};

/// The most entries of a page, for which commits wait: a millisecond or so.
const PAGE: usize = 256;

/// The most bytes of notes: as much memory as a picture may take.
const NOTES_BYTES: usize = 256 * 1024 * 1024;

/// What a note takes beside its key and its value.
const NOTE_BYTES: usize = 96;

/// Every entry of a store at the moment when the picture was begun. Dropping it forgets its notes.
#[derive(Debug)]
pub struct Picture {
    view: Arc<View>,
    revision: Revision,
    after: Option<Vec<u8>>,
}

impl Picture {
    /// Begins one, unless one is open.
    pub(super) fn begin(view: &Arc<View>) -> Option<Self> {
        let revision = view.begin_notes()?;
        Some(Self {
            view: Arc::clone(view),
            revision,
            after: None,
        })
    }

    /// The last commit in it.
    #[must_use]
    pub fn revision(&self) -> Revision {
        self.revision
    }

    /// The entries that come next in the order of their keys, at most 256; none when all have been read. Blocks on the disk.
    ///
    /// # Errors
    /// As [`Store::scan`](super::super::Store::scan), and [`Error::Unavailable`] when so much has been changed since that it is given up.
    pub fn next_page(&mut self) -> Result<Vec<Entry>, Error> {
        let scan = Scan {
            prefix: Vec::new(),
            after: self.after.take(),
            limit: PAGE,
            direction: Direction::Ascending,
        };
        let page = self.view.page_of_picture(&scan)?;
        self.after = page.last().map(|entry| entry.key.clone()).or(scan.after);
        Ok(page)
    }
}

impl Drop for Picture {
    fn drop(&mut self) {
        self.view.end_notes();
    }
}

/// What the keys that have been changed since the picture was begun held then, of those that it has not come past.
#[derive(Debug)]
pub(super) struct Notes {
    changed: Before,
    passed: Option<Vec<u8>>,
    bytes: usize,
}

impl Notes {
    /// The notes of a picture that begins while the batch with these notes is being written.
    pub(super) fn of(before: &Before) -> Self {
        let mut notes = Self {
            changed: Before::new(),
            passed: None,
            bytes: 0,
        };
        notes.keep(before);
        notes
    }

    /// Keeps what these keys hold before they are changed.
    pub(super) fn keep(&mut self, before: &Before) {
        for (key, value) in before {
            let is_needed = self.passed.as_ref().is_none_or(|passed| key > passed)
                && !self.changed.contains_key(key);
            if is_needed && self.bytes <= NOTES_BYTES {
                self.bytes += size(key, value.as_deref());
                self.changed.insert(key.clone(), value.clone());
            }
        }
    }

    /// All of them.
    pub(super) fn whole(&self) -> Result<&Before, Error> {
        if self.bytes > NOTES_BYTES {
            return Err(Error::Unavailable(format!(
                "more than {} MiB have been changed while a picture of it was read: read it faster, or when less is written",
                NOTES_BYTES / 1024 / 1024
            )));
        }
        Ok(&self.changed)
    }

    /// Forgets the keys up to this one: they have been read.
    pub(super) fn pass(&mut self, key: Vec<u8>) {
        // Notes that are not whole stay so.
        if self.bytes > NOTES_BYTES {
            return;
        }
        while let Some(first) = self.changed.first_entry().filter(|note| *note.key() <= key) {
            let (key, value) = first.remove_entry();
            self.bytes -= size(&key, value.as_deref());
        }
        self.passed = Some(key);
    }
}

fn size(key: &[u8], value: Option<&[u8]>) -> usize {
    NOTE_BYTES + key.len() + value.map_or(0, <[u8]>::len)
}
