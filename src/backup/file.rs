//! The format of a backup. Numbers are big-endian.
//!
//! | what | bytes |
//! |---|---|
//! | `datastored backup\n` | 18 |
//! | the format, 1 | 4 |
//! | the last revision in it | 8 |
//! | when it was begun, in seconds since 1970 | 8 |
//! | each entry, in the order of keys: 1, length of the key, length of the value, revision, key, value | 1, 4, 4, 8, ... |
//! | the end: 0, how many entries | 1, 8 |
//! | the SHA-256 of all before | 32 |

use std::io::{ErrorKind, Read};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_lc_rs::digest::{Context, SHA256, SHA256_OUTPUT_LEN};

use super::Error;
use crate::store::{Entry, Revision};

const MAGIC: &[u8; 18] = b"datastored backup\n";

/// The format this program reads and writes.
const FORMAT: u32 = 1;

const END: u8 = 0;
const ENTRY: u8 = 1;

/// What a backup holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Summary {
    /// The last commit in it.
    pub revision: Revision,
    /// The moment that it shows.
    pub time: SystemTime,
    /// How many entries.
    pub entries: u64,
}

/// Makes the bytes of a backup.
pub(super) struct Writer {
    digest: Context,
    entries: u64,
    bytes: Vec<u8>,
}

impl Writer {
    /// One with its header.
    pub(super) fn begin(revision: Revision, time: SystemTime) -> Self {
        let seconds = time
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default()
            .as_secs();
        let mut writer = Self {
            digest: Context::new(&SHA256),
            entries: 0,
            bytes: MAGIC.to_vec(),
        };
        writer.bytes.extend(FORMAT.to_be_bytes());
        writer.bytes.extend(revision.get().to_be_bytes());
        writer.bytes.extend(seconds.to_be_bytes());
        writer
    }

    /// An entry more. The store keeps keys and values far below 4 GiB.
    pub(super) fn put(&mut self, entry: &Entry) {
        self.entries += 1;
        self.bytes.push(ENTRY);
        for part in [&entry.key, &entry.value] {
            let length = u32::try_from(part.len()).unwrap_or(u32::MAX);
            self.bytes.extend(length.to_be_bytes());
        }
        self.bytes.extend(entry.revision.get().to_be_bytes());
        self.bytes.extend(&entry.key);
        self.bytes.extend(&entry.value);
    }

    /// The end of it.
    pub(super) fn end(&mut self) {
        self.bytes.push(END);
        self.bytes.extend(self.entries.to_be_bytes());
    }

    /// The bytes that have not been taken yet.
    pub(super) fn take(&mut self) -> Vec<u8> {
        self.digest.update(&self.bytes);
        std::mem::take(&mut self.bytes)
    }

    /// How many entries, and the checksum.
    pub(super) fn finish(self) -> (u64, Vec<u8>) {
        (self.entries, self.digest.finish().as_ref().to_vec())
    }
}

/// Reads a backup, and believes nothing that it says.
pub(super) struct Reader<R> {
    from: R,
    digest: Context,
    summary: Summary,
    last_key: Option<Vec<u8>>,
}

impl<R: Read> Reader<R> {
    /// Reads the header.
    pub(super) fn begin(from: R) -> Result<Self, Error> {
        let mut reader = Self {
            from,
            digest: Context::new(&SHA256),
            summary: Summary {
                revision: Revision::default(),
                time: UNIX_EPOCH,
                entries: 0,
            },
            last_key: None,
        };
        match reader.array() {
            Ok(magic) if magic == *MAGIC => {}
            Ok(_) | Err(Error::CutOff(_)) => return Err(Error::Foreign),
            Err(error) => return Err(error),
        }
        let found = u32::from_be_bytes(reader.array()?);
        if found != FORMAT {
            return Err(Error::UnknownFormat {
                found,
                supported: FORMAT,
            });
        }
        reader.summary.revision = u64::from_be_bytes(reader.array()?).into();
        let seconds = Duration::from_secs(u64::from_be_bytes(reader.array()?));
        let time = UNIX_EPOCH.checked_add(seconds);
        reader.summary.time = time.ok_or(Error::Damaged("its time is beyond all clocks"))?;
        Ok(reader)
    }

    /// The next entry, `None` once the end has been read and all is as it was written. Nothing that came before is to be trusted until then.
    pub(super) fn next(&mut self) -> Result<Option<Entry>, Error> {
        match self.array()? {
            [ENTRY] => self.entry().map(Some),
            [END] => self.end().map(|()| None),
            _ => Err(Error::Damaged("an entry does not begin as one")),
        }
    }

    /// What has been read so far.
    pub(super) fn summary(&self) -> Summary {
        self.summary
    }

    fn entry(&mut self) -> Result<Entry, Error> {
        let key_length = u32::from_be_bytes(self.array()?);
        let value_length = u32::from_be_bytes(self.array()?);
        let revision = Revision::from(u64::from_be_bytes(self.array()?));
        let key = self.bytes(key_length)?;
        let value = self.bytes(value_length)?;
        if self.last_key.as_ref().is_some_and(|last| *last >= key) {
            return Err(Error::Damaged("its entries are out of order"));
        }
        if revision > self.summary.revision {
            return Err(Error::Damaged("an entry is newer than the backup"));
        }
        self.last_key = Some(key.clone());
        self.summary.entries += 1;
        Ok(Entry {
            key,
            value,
            revision,
        })
    }

    fn end(&mut self) -> Result<(), Error> {
        if u64::from_be_bytes(self.array()?) != self.summary.entries {
            return Err(Error::Damaged("entries are missing"));
        }
        let digest = self.digest.clone().finish();
        if self.array::<SHA256_OUTPUT_LEN>()? != digest.as_ref() {
            return Err(Error::Damaged("its checksum is another"));
        }
        match self.from.read(&mut [0]) {
            Ok(0) => Ok(()),
            Ok(_) => Err(Error::Damaged("something follows its end")),
            Err(error) => Err(Error::Read(error)),
        }
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Error> {
        let mut array = [0; N];
        self.from
            .read_exact(&mut array)
            .map_err(|error| self.explained(error))?;
        self.digest.update(&array);
        Ok(array)
    }

    /// Takes no more memory than there are bytes, whatever the length says.
    fn bytes(&mut self, length: u32) -> Result<Vec<u8>, Error> {
        let mut bytes = Vec::new();
        let read = (&mut self.from)
            .take(length.into())
            .read_to_end(&mut bytes)
            .map_err(Error::Read)?;
        if read < length as usize {
            return Err(Error::CutOff(self.summary.entries));
        }
        self.digest.update(&bytes);
        Ok(bytes)
    }

    fn explained(&self, error: std::io::Error) -> Error {
        match error.kind() {
            ErrorKind::UnexpectedEof => Error::CutOff(self.summary.entries),
            _ => Error::Read(error),
        }
    }
}
