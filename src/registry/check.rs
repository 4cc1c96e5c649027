//! Checking a whole store: that every entry can be read, and that all of them agree with each other. It writes nothing.
//!
//! One walk over all entries looks up what each needs, and what each points to, so that what is missing and what dangles are both found. Entries that
//! stand under a uid, for which there is no index, are compared with the uids of the records in walks of their own.

mod datastores;
mod owned;
mod pointers;
mod requests;
#[cfg(test)]
mod tests;

use std::error::Error as StdError;
use std::fmt;

use super::sealing::{NeededKeys, Pages};
use super::{audit, installation, keys, unavailable};
use crate::model::Error;
use crate::model::name::DatastoreId;
use crate::store::{Entry, Revision, Store, Txn};

/// Something in a store that is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The key of the entry, bytes that are no ASCII escaped.
    pub entry: String,
    /// What is wrong with it. It has nothing of a secret.
    pub says: String,
    /// What to do.
    pub remedy: Remedy,
}

/// What mends a violation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remedy {
    /// Nothing but a backup.
    Restore,
    /// A new display name.
    Rename,
    /// Making the link once more.
    Link,
    /// Sending the credentials once more.
    SendCredentials,
    /// The key that is missing.
    RestoreKey,
    /// Nothing has to.
    None,
}

/// What a check has looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Checked {
    /// How many entries there are.
    pub entries: u64,
    /// How many datastores are among them.
    pub datastores: u64,
    /// How many violations were found.
    pub violations: u64,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            entry,
            says,
            remedy,
        } = self;
        write!(f, "{entry}: {says}; {remedy}")
    }
}

impl fmt::Display for Remedy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Restore => "keep a copy of the data folder, then restore a backup in its place",
            Self::Rename => "give that datastore a new display name with UpdateDatastore",
            Self::Link => "link that source again with LinkEnrichment",
            Self::SendCredentials => {
                "send that datastore's credentials again with UpdateDatastore"
            }
            Self::RestoreKey => {
                "restore the key file that holds the key, or send the credentials again with UpdateDatastore"
            }
            Self::None => "it takes room and does no other harm: nothing needs to be done",
        })
    }
}

/// Checks a store that nobody else writes to meanwhile, and tells each violation as it is found. It holds a page of entries at a time, and the ids of a
/// million datastores at the most.
///
/// # Errors
/// [`Error::StoreUnavailable`], [`Error::Internal`] when the store itself is damaged.
pub async fn check<S: Store>(
    store: &S,
    tell: &mut dyn FnMut(&Violation),
) -> Result<Checked, Error> {
    let last = store.commit(Txn::new()).await.map_err(unavailable)?;
    let needed = store.get(keys::NEEDED_KEYS).await.map_err(unavailable)?;
    let needed = match needed.map(|entry| NeededKeys::decoded(&entry)) {
        None => Needed::Absent,
        Some(Ok(needed)) => Needed::These(needed),
        Some(Err(_)) => Needed::Unreadable,
    };
    let mut walk = Walk {
        store,
        tell,
        last,
        needed,
        checked: Checked::default(),
        owners: 0,
        unreadable: 0,
    };
    let mut pages = Pages::of(b"");
    while let Some(page) = pages.next(store).await? {
        for entry in &page {
            walk.entry(entry).await?;
        }
    }
    // Whom an entry belongs to cannot be said while a record that may be the owner's cannot be read.
    if walk.unreadable == 0 {
        walk.owned().await?;
    }
    Ok(walk.checked)
}

/// Which keys have sealed what is sealed.
enum Needed {
    Absent,
    These(NeededKeys),
    Unreadable,
}

/// A check that is under way.
struct Walk<'a, S> {
    store: &'a S,
    tell: &'a mut dyn FnMut(&Violation),
    last: Revision,
    needed: Needed,
    checked: Checked,
    /// Who may have secrets: datastores, and tests that may have left something.
    owners: u64,
    /// How many of them cannot be read.
    unreadable: u64,
}

impl<S: Store> Walk<'_, S> {
    async fn entry(&mut self, entry: &Entry) -> Result<(), Error> {
        self.checked.entries += 1;
        if entry.revision > self.last {
            let (at, last) = (entry.revision, self.last);
            let says = format!("is of revision {at}, and the last one of the store is {last}");
            self.wrong(entry, says, Remedy::Restore);
        }
        let family = entry.key.split(|byte| *byte == b'/').next();
        match family.unwrap_or_default() {
            b"datastore" => self.datastore(entry).await?,
            b"by_display_name" => self.name(entry).await?,
            b"by_create_time" => self.time(entry).await?,
            b"linked" => self.source(entry).await?,
            b"linked_place" => self.source_place(entry).await?,
            b"sources_changed" => self.sources_mark(entry).await?,
            b"enrichment_place" => self.holder(entry).await?,
            b"connection" => self.connection(entry).await?,
            b"request" => self.request(entry).await?,
            b"request_by_expiry" => self.expiry(entry).await?,
            b"installation" => self.installation(entry).await?,
            b"leftover" => self.leftover(entry).await?,
            b"secret" => self.secret(entry),
            b"test" => self.test(entry),
            b"audit" => self.event(entry),
            b"needed_keys" => self.readable(entry, NeededKeys::decoded(entry).map(drop)),
            b"tests_changed" | b"enrichments_changed" => {}
            _ => {
                let says = "is of a kind that this version does not know";
                self.wrong(entry, says, Remedy::Restore);
            }
        }
        Ok(())
    }

    /// Tells what is wrong with an entry.
    fn wrong(&mut self, entry: &Entry, says: impl Into<String>, remedy: Remedy) {
        self.checked.violations += 1;
        let violation = Violation {
            entry: shown(&entry.key),
            says: says.into(),
            remedy,
        };
        (self.tell)(&violation);
    }

    /// Tells that an entry cannot be read, if so.
    fn readable(&mut self, entry: &Entry, read: Result<(), Error>) {
        if let Err(error) = read {
            self.wrong(entry, unreadable(&error), Remedy::Restore);
        }
    }

    /// Tells that an entry lacks the other one that has to be there with this value.
    async fn needs(
        &mut self,
        entry: &Entry,
        key: Vec<u8>,
        value: &[u8],
        remedy: Remedy,
    ) -> Result<(), Error> {
        let other = self.store.get(&key).await.map_err(unavailable)?;
        match other {
            Some(other) if other.value == value => {}
            Some(_) => {
                let says = format!("its entry {} is another one's", shown(&key));
                self.wrong(entry, says, remedy);
            }
            None => self.wrong(entry, format!("has no entry {}", shown(&key)), remedy),
        }
        Ok(())
    }

    fn event(&mut self, entry: &Entry) {
        let id = keys::audit_event_in(&entry.key);
        match id.and_then(|id| Ok((id, audit::decoded(entry)?))) {
            Ok((id, event)) if event.id == id && id.get_version_num() == 7 => {}
            Ok(_) => {
                let says =
                    "stands under an id that is not its own, or that does not begin with its time";
                self.wrong(entry, says, Remedy::None);
            }
            Err(error) => self.wrong(entry, unreadable(&error), Remedy::Restore),
        }
    }

    async fn installation(&mut self, entry: &Entry) -> Result<(), Error> {
        match installation::is_sealed(entry) {
            Ok(true) => {
                let key = self.store.get(keys::FINGERPRINT_KEY).await;
                if key.map_err(unavailable)?.is_none() {
                    let says = "the key of its fingerprints is missing: the next start makes a new one, and then kept tests prove nothing, and request ids \
                                that were used before are refused";
                    self.wrong(entry, says, Remedy::Restore);
                }
            }
            Ok(false) => {}
            Err(error) => self.wrong(entry, unreadable(&error), Remedy::Restore),
        }
        Ok(())
    }
}

/// A key as it is shown.
fn shown(key: &[u8]) -> String {
    key.escape_ascii().to_string()
}

/// The name of a datastore as it is shown.
fn named(id: &DatastoreId) -> String {
    format!("datastores/{id}")
}

/// That something cannot be read, and why. What a JSON error quotes is left out: it may be a secret.
fn unreadable(error: &Error) -> String {
    match error {
        Error::Internal(cause) => why(cause.as_ref()),
        other => why(other),
    }
}

fn why(error: &(dyn StdError + 'static)) -> String {
    match error.downcast_ref::<serde_json::Error>() {
        Some(json) => format!(
            "cannot be read: its JSON is not as it should be at line {}, column {}",
            json.line(),
            json.column()
        ),
        None => format!("cannot be read: {error}"),
    }
}
