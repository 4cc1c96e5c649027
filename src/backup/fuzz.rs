//! What is read as a backup, as a target of fuzzing.

use std::time::{Duration, UNIX_EPOCH};

use super::file::{Reader, Writer};
use crate::store::{Entry, Revision};

/// Any bytes are refused, or are what they would be written as; what is written is read back, and no change of it goes unseen.
pub(crate) fn backup(bytes: &[u8]) {
    if let Some((revision, time, entries)) = read(bytes) {
        assert_eq!(written(revision, time, &entries), bytes);
    }
    let entry = |key: &[u8], revision: u64| Entry {
        key: key.to_vec(),
        value: bytes.to_vec(),
        revision: revision.into(),
    };
    let entries = [entry(b"a", 1), entry(b"b", 2)];
    let mut whole = written(2.into(), 3, &entries);
    assert_eq!(read(&whole), Some((2.into(), 3, entries.to_vec())));
    let at = bytes.first().map_or(0, |&at| usize::from(at) % whole.len());
    assert!(read(&whole[..at]).is_none());
    whole[at] ^= 0x20;
    assert!(read(&whole).is_none());
}

/// The revision, the seconds and the entries of a whole backup.
fn read(bytes: &[u8]) -> Option<(Revision, u64, Vec<Entry>)> {
    let mut reader = Reader::begin(bytes).ok()?;
    let mut entries = Vec::new();
    while let Some(entry) = reader.next().ok()? {
        entries.push(entry);
    }
    let summary = reader.summary();
    assert_eq!(summary.entries, entries.len() as u64);
    let seconds = summary.time.duration_since(UNIX_EPOCH).ok()?.as_secs();
    Some((summary.revision, seconds, entries))
}

fn written(revision: Revision, seconds: u64, entries: &[Entry]) -> Vec<u8> {
    let mut writer = Writer::begin(revision, UNIX_EPOCH + Duration::from_secs(seconds));
    for entry in entries {
        writer.put(entry);
    }
    writer.end();
    let bytes = writer.take();
    [bytes, writer.finish().1].concat()
}
