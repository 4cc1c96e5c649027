//! What the server says of its keys, in a file beside the records, for those who cannot ask the store while it is open.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::Path;
use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use super::error::Error;
use super::key::KeyId;
use crate::private_file;

const FILE: &str = "keys.json";

/// Which keys a store needs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// The one that seals.
    pub current: KeyId,
    /// Those that may have sealed something that is not sealed anew yet.
    pub older: Vec<KeyId>,
    /// Those that were given up as lost, should they come back.
    #[serde(default)]
    pub lost: Vec<KeyId>,
    /// When this was so.
    pub time: SystemTime,
}

impl Status {
    /// Whether everything is sealed with this key. It stays so for as long as it is the first of its file.
    #[must_use]
    pub fn is_settled_on(&self, first: KeyId) -> bool {
        self.current == first && self.older.is_empty()
    }

    /// What a data folder says; nothing before its server has started.
    ///
    /// # Errors
    /// [`Error::Status`].
    pub fn read(folder: &Path) -> Result<Option<Self>, Error> {
        let path = folder.join(FILE);
        let unreadable = |source| Error::Status {
            what: "read",
            path: path.clone(),
            source,
        };
        match fs::read(&path) {
            Ok(bytes) => serde_json::from_slice(&bytes).map_err(|e| unreadable(e.into())),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(unreadable(error)),
        }
    }

    /// Puts it into a data folder, unless that says the same already.
    ///
    /// # Errors
    /// [`Error::Status`].
    pub fn write(&self, folder: &Path) -> Result<(), Error> {
        if let Ok(Some(before)) = Self::read(folder)
            && (before.current, &before.older, &before.lost)
                == (self.current, &self.older, &self.lost)
        {
            return Ok(());
        }
        let path = folder.join(FILE);
        let text = serde_json::to_vec(self).map_err(io::Error::from);
        let written = text.and_then(|text| private_file::replace(&path, &text));
        written.map_err(|source| Error::Status {
            what: "written",
            path,
            source,
        })
    }
}
