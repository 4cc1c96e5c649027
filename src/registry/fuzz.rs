//! Stored records, as a target of fuzzing.

use super::record::{decode, encode};

/// A record that is read is written so that it reads back as the same, and no secret is written.
pub(crate) fn record(bytes: &[u8]) {
    let Ok(datastore) = decode(bytes) else {
        return;
    };
    let written = encode(&datastore).expect("what was read can be written");
    let again = decode(&written).expect("what was written can be read");
    assert!(again.s3.credentials.access_key().is_none(), "{again:?}");
    assert_eq!(again, datastore);
    let twice = encode(&again).expect("what was read can be written");
    assert_eq!(twice, written);
}
