//! Secrets at rest: sealed under keys of their own entries, so that sealing them anew changes no datastore's revision.
//!
//! The store says which keys it needs. Every commit that puts something sealed is guarded by that entry: once another key seals, nothing
//! sealed with the one before it can come in, and a pass that finds nothing of an older key means that none is left.

mod credentials;
mod rotation;
#[cfg(test)]
mod tests;

use std::sync::{Arc, PoisonError, RwLock};

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::places::as_read;
use super::{keys, unavailable};
use crate::model::Error;
use crate::model::error::Violation;
use crate::store::{self, Entry, Guard, Revision, Store, Txn};
use crate::vault::{self, KeyId, Keys};
pub(super) use credentials::Owner;
pub(super) use rotation::Pages;

/// What the end of a page is sealed to.
const END_OF_PAGE: &[u8] = b"end of page";

/// Why a store cannot be opened with these keys. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Keys are missing.
    #[error(
        "the store's secrets are sealed with {}, which the key file does not hold; restore the file from your copy, or name the right one with --key-file; \
         nothing was changed", named(.0)
    )]
    KeysMissing(Vec<KeyId>),
    /// The store cannot be used.
    #[error("the store cannot be used: {0}")]
    Store(#[from] Error),
}

/// What is to be done when keys are missing that the store needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LostKeys {
    /// The store is not opened.
    Refuse,
    /// It is opened; credentials that they have sealed cannot be read, unless they come back. Tests that were kept prove nothing, and request ids that were
    /// used before are refused.
    Accept,
}

/// Which keys a store needs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NeededKeys {
    /// The one that seals.
    pub current: KeyId,
    /// Those that may have sealed something that is not sealed anew yet.
    pub older: Vec<KeyId>,
    /// Those that were missing when the operator said that they are lost, should they come back.
    pub lost: Vec<KeyId>,
    /// Whether there may be secrets that an earlier version has stored unsealed.
    unsealed: bool,
}

impl NeededKeys {
    /// Those a store needs; nothing if it holds nothing sealed.
    ///
    /// # Errors
    /// [`Error::StoreUnavailable`].
    pub async fn of(store: &impl Store) -> Result<Option<Self>, Error> {
        Ok(read(store).await?.map(|(needed, _)| needed))
    }

    /// The keys that an entry names.
    pub(super) fn decoded(entry: &Entry) -> Result<Self, Error> {
        serde_json::from_slice(&entry.value).map_err(|e| Error::Internal(Box::new(e)))
    }

    /// Whether something may be sealed with this key.
    pub(super) fn names(&self, key: KeyId) -> bool {
        self.current == key || self.older.contains(&key) || self.lost.contains(&key)
    }

    /// Whether there may be secrets that an earlier version has stored unsealed.
    pub(super) fn may_have_unsealed(&self) -> bool {
        self.unsealed
    }

    fn missing_in(&self, keys: &Keys) -> Vec<KeyId> {
        let all = std::iter::once(&self.current).chain(&self.older);
        all.copied().filter(|id| !keys.has(*id)).collect()
    }

    /// Those needed once other keys are in use.
    fn under(&self, keys: &Keys) -> Self {
        let current = keys.current();
        let all = [self.current]
            .into_iter()
            .chain(self.older.clone())
            .chain(self.lost.clone());
        let others = all.filter(|id| *id != current);
        let (older, lost) = others.partition(|id| keys.has(*id));
        Self {
            current,
            older,
            lost,
            unsealed: self.unsealed,
        }
    }
}

fn named(ids: &[KeyId]) -> String {
    let ids: Vec<String> = ids.iter().map(|id| format!("key {id}")).collect();
    ids.join(" and ")
}

/// The keys of a registry, and the revision of the entry that says so.
#[derive(Debug)]
pub(super) struct Sealer {
    keys: Arc<Keys>,
    needed: NeededKeys,
    revision: Revision,
}

/// The sealer of the moment.
#[derive(Debug)]
pub(super) struct Sealing(RwLock<Arc<Sealer>>);

impl Sealing {
    /// Opens a store with these keys, the first of which seals from now on.
    pub(super) async fn open(
        store: &impl Store,
        keys: Keys,
        lost: LostKeys,
    ) -> Result<Self, OpenError> {
        let sealer = Sealer::adopted(store, Arc::new(keys), lost).await?;
        Ok(Self(RwLock::new(Arc::new(sealer))))
    }

    pub(super) fn now(&self) -> Arc<Sealer> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Puts another one in its place, unless that is of an earlier moment.
    fn set(&self, sealer: Sealer) {
        let mut now = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if sealer.revision >= now.revision {
            *now = Arc::new(sealer);
        }
    }
}

impl Sealer {
    /// Notes in the store that these keys are in use.
    async fn adopted(
        store: &impl Store,
        keys: Arc<Keys>,
        lost: LostKeys,
    ) -> Result<Self, OpenError> {
        loop {
            let stored = read(store).await?;
            if let Some((needed, _)) = &stored {
                let missing = needed.missing_in(&keys);
                if !missing.is_empty() && lost == LostKeys::Refuse {
                    return Err(OpenError::KeysMissing(missing));
                }
            }
            let needed = match &stored {
                Some((needed, _)) => {
                    let needed = needed.under(&keys);
                    if !needed.lost.is_empty() {
                        let keys = named(&needed.lost);
                        tracing::warn!(
                            keys,
                            "what these keys have sealed cannot be opened until they are put back, or the credentials sent again"
                        );
                    }
                    needed
                }
                None => NeededKeys {
                    current: keys.current(),
                    older: Vec::new(),
                    lost: Vec::new(),
                    unsealed: true,
                },
            };
            let revision = match &stored {
                Some((before, entry)) if *before == needed => Some(entry.revision),
                _ => {
                    let entry = stored.as_ref().map(|(_, entry)| entry);
                    put(store, as_read(keys::NEEDED_KEYS.to_vec(), entry), &needed).await?
                }
            };
            if let Some(revision) = revision {
                return Ok(Self {
                    keys,
                    needed,
                    revision,
                });
            }
        }
    }

    /// Guards that the key that seals is still the one that does.
    pub(super) fn guarded(&self, txn: Txn) -> Txn {
        txn.guard(Guard::At(keys::NEEDED_KEYS.to_vec(), self.revision))
    }

    /// Adds something sealed to a commit that is [`guarded`](Self::guarded).
    pub(super) fn put(&self, txn: Txn, key: Vec<u8>, text: &[u8]) -> Result<Txn, Error> {
        let sealed = self.keys.seal(text, &key);
        Ok(txn.put(key, sealed.map_err(|e| Error::Internal(Box::new(e)))?))
    }

    /// The end of a page, for callers who may not see what it is.
    pub(super) fn seal_end(&self, end: &[u8]) -> Result<Vec<u8>, Error> {
        let sealed = self.keys.seal(end, END_OF_PAGE);
        sealed.map_err(|e| Error::Internal(Box::new(e)))
    }

    /// The end of a page that was sealed.
    pub(super) fn open_end(&self, sealed: &[u8]) -> Result<Vec<u8>, Error> {
        let opened = self.keys.open(sealed, END_OF_PAGE);
        let refused = |_| {
            Error::InvalidFields(vec![Violation {
                field: "page_token".to_owned(),
                description: "is no token of this server, or the key for it is gone; begin with the first page".to_owned(),
            }])
        };
        Ok(opened.map_err(refused)?.to_vec())
    }

    /// What an entry holds sealed.
    pub(super) fn open(
        &self,
        key: &[u8],
        sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, vault::OpenError> {
        self.keys.open(sealed, key)
    }
}

async fn read(store: &impl Store) -> Result<Option<(NeededKeys, Entry)>, Error> {
    let entry = store.get(keys::NEEDED_KEYS).await.map_err(unavailable)?;
    let needed = |entry: Entry| Ok((NeededKeys::decoded(&entry)?, entry));
    entry.map(needed).transpose()
}

/// Notes which keys are needed, if the guard holds.
async fn put(
    store: &impl Store,
    guard: Guard,
    needed: &NeededKeys,
) -> Result<Option<Revision>, Error> {
    let value = serde_json::to_vec(needed).map_err(|e| Error::Internal(Box::new(e)))?;
    let txn = Txn::new().guard(guard).put(keys::NEEDED_KEYS, value);
    match store.commit(txn).await {
        Ok(revision) => Ok(Some(revision)),
        Err(store::Error::Conflict { .. }) => Ok(None),
        Err(error) => Err(unavailable(error)),
    }
}
