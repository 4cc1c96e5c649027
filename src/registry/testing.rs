//! What unit tests of the registry share.

use std::path::Path;

use super::LostKeys;
use crate::vault::{KeyFile, Keys};

/// The keys of a store in a folder, the same each time.
pub(super) fn keys_in(folder: &Path) -> (Keys, LostKeys) {
    let file = KeyFile::new(folder.join("datastored.key"));
    let keys = file.read().or_else(|_| file.generate());
    (
        keys.expect("a temporary folder can hold a key"),
        LostKeys::Refuse,
    )
}
