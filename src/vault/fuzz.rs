//! What is kept under keys, and the keys themselves, as targets of fuzzing.

use std::time::SystemTime;

use zeroize::Zeroizing;

use super::key::{Key, LENGTH};
use super::key_file;
use super::keys::{Keys, key_of};
use crate::fuzz::text;

const PLACE: &[u8] = b"secret/orders";

/// Nothing opens that was not sealed, or was altered, moved or cut; what was sealed opens as it was.
pub(crate) fn sealed(bytes: &[u8]) {
    let key = Key::new(Zeroizing::new([7; LENGTH]), SystemTime::UNIX_EPOCH);
    let keys = Keys::new(key.into_iter().collect()).expect("there is a key");
    assert!(keys.open(bytes, PLACE).is_err());
    let mut known = [&[1], &keys.current().as_bytes()[..], bytes].concat();
    assert!(keys.open(&known, PLACE).is_err());
    assert_eq!(key_of(&known), Some(keys.current()));
    known = keys.seal(bytes, PLACE).expect("there are random bytes");
    let opened = keys.open(&known, PLACE);
    assert_eq!(opened.as_deref().map(Vec::as_slice), Ok(bytes));
    assert!(keys.open(&known, bytes).is_err());
    let at = bytes.first().map_or(0, |&at| usize::from(at) % known.len());
    assert!(keys.open(&known[..at], PLACE).is_err());
    known[at] ^= 0x20;
    assert!(keys.open(&known, PLACE).is_err());
}

/// What is read as keys is written so that it reads back as the same ones.
pub(crate) fn key_file(bytes: &[u8]) {
    let written = text(bytes);
    let Ok(Some(keys)) = key_file::parse(&written).map(Keys::new) else {
        return;
    };
    let again = key_file::text(&keys);
    let read = key_file::parse(&again).ok().and_then(Keys::new);
    let read = read.expect("what is written can be read");
    let ids = |keys: &Keys| keys.ids().map(|(id, _)| id).collect::<Vec<_>>();
    assert_eq!(ids(&read), ids(&keys), "{written:?}");
    assert_eq!(*key_file::text(&read), *again, "{written:?}");
}
