//! How keys and values lie in the tree.
//!
//! | tree key | tree value |
//! |---|---|
//! | 0x00 `format` | the format of the store, u32 big-endian |
//! | 0x00 `revision` | the last revision given out, u64 big-endian |
//! | 0x01, the key | the revision of the commit that put it, u64 big-endian, then the value |

use std::ops::Bound;

use super::super::{Direction, Entry, Error, Revision, Scan};

/// The format this program reads and writes.
pub(super) const FORMAT: u32 = 1;
/// Where the format is.
pub(super) const FORMAT_KEY: &[u8] = b"\0format";
/// Where the last revision is.
pub(super) const REVISION_KEY: &[u8] = b"\0revision";

/// The first byte of the tree keys of entries.
const ENTRIES: u8 = 1;

/// The tree key of an entry.
pub(super) fn tree_key(key: &[u8]) -> Vec<u8> {
    [&[ENTRIES], key].concat()
}

/// The tree value of an entry.
pub(super) fn tree_value(revision: Revision, value: &[u8]) -> Vec<u8> {
    [&revision.get().to_be_bytes(), value].concat()
}

/// The revision at the start of a tree value, and the rest.
pub(super) fn split(tree_value: &[u8]) -> Result<(Revision, &[u8]), Error> {
    let (revision, value) = tree_value
        .split_first_chunk()
        .ok_or_else(|| Error::Corrupt("a record is too short to hold its revision".to_owned()))?;
    Ok((u64::from_be_bytes(*revision).into(), value))
}

/// The entry of a tree key and a tree value.
pub(super) fn entry(tree_key: &[u8], tree_value: &[u8]) -> Result<Entry, Error> {
    let (revision, value) = split(tree_value)?;
    Ok(Entry {
        key: tree_key.get(1..).unwrap_or_default().to_vec(),
        value: value.to_vec(),
        revision,
    })
}

/// A range of tree keys.
pub(super) type Range = (Bound<Vec<u8>>, Bound<Vec<u8>>);

/// The tree keys that `scan` runs over, `None` when there can be none.
pub(super) fn range(scan: &Scan) -> Option<Range> {
    let start = tree_key(&scan.prefix);
    let end = end_of_prefix(&start);
    let after = scan.after.as_deref().map(tree_key);
    let range = match (scan.direction, after) {
        (Direction::Ascending, Some(after)) if after >= start => {
            (Bound::Excluded(after), Bound::Excluded(end))
        }
        (Direction::Descending, Some(after)) if after < end => {
            (Bound::Included(start), Bound::Excluded(after))
        }
        _ => (Bound::Included(start), Bound::Excluded(end)),
    };
    is_ordered(&range).then_some(range)
}

/// The lowest key above all that begin with `prefix`, which begins with [`ENTRIES`] and so is not all 0xff.
fn end_of_prefix(prefix: &[u8]) -> Vec<u8> {
    let kept = prefix
        .iter()
        .rposition(|byte| *byte != u8::MAX)
        .unwrap_or_default();
    let mut end = prefix[..=kept].to_vec();
    end[kept] += 1;
    end
}

/// Whether some key can be in the range: `BTreeMap::range` panics on others.
fn is_ordered(range: &Range) -> bool {
    match range {
        (Bound::Included(start) | Bound::Excluded(start), Bound::Excluded(end)) => start < end,
        _ => true,
    }
}
