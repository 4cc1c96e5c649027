//! Sealing anew with the key that seals now, a page at a time, while everything else goes on. It may end at any point, and goes on at the next start.

use std::sync::Arc;

use super::{LostKeys, NeededKeys, OpenError, Owner, Sealer, Sealing, put};
use crate::model::Error;
use crate::registry::record::Unsealed;
use crate::registry::{Registry, keys, record, residue, unavailable};
use crate::store::{self, Direction, Entry, Guard, Scan, Store, Txn};
use crate::vault::{KeyId, Keys, key_of};

/// How many entries one commit seals anew.
pub(super) const PAGE: usize = 64;

impl<S: Store> Registry<S> {
    /// Which keys the store needs.
    #[must_use]
    pub fn needed_keys(&self) -> NeededKeys {
        self.sealing.now().needed.clone()
    }

    /// Takes other keys into use, the first of which seals from now on. What was sealed before is opened as before.
    ///
    /// # Errors
    /// [`OpenError`]: the keys stay as they were.
    pub async fn take_keys(&self, keys: Keys) -> Result<(), OpenError> {
        let sealer = Sealer::adopted(&*self.store, Arc::new(keys), LostKeys::Refuse).await?;
        self.sealing.set(sealer);
        Ok(())
    }

    /// Seals with the current key what was sealed with others, and notes that these are not needed any more. Says how many entries that were.
    ///
    /// # Errors
    /// [`Error::StoreUnavailable`]. What was done by then stays done.
    pub async fn seal_anew(&self) -> Result<usize, Error> {
        let mut total = 0;
        loop {
            let sealer = self.sealing.now();
            if sealer.needed.older.is_empty() {
                return Ok(total);
            }
            let found = sealer.seal_older(&*self.store).await?;
            total += found;
            if found == 0 {
                self.sealing.settle(&*self.store, &sealer).await?;
            }
        }
    }
}

impl Sealing {
    /// Seals what an earlier version has stored unsealed. Before anything else is written: what changes a record puts no secrets into it.
    pub(in crate::registry) async fn seal_unsealed(&self, store: &impl Store) -> Result<(), Error> {
        loop {
            let sealer = self.now();
            if !sealer.needed.unsealed {
                return Ok(());
            }
            match sealer.seal_unsealed(store).await? {
                0 => self.settle(store, &sealer).await?,
                records => tracing::warn!(
                    records,
                    "secrets that an earlier version has stored unsealed are sealed; on the disk they stay readable until it is written over: replace these credentials"
                ),
            }
        }
    }

    /// Notes that everything is sealed and only the current key is needed, unless another one has come meanwhile. A pass has found nothing else.
    async fn settle(&self, store: &impl Store, sealer: &Sealer) -> Result<(), Error> {
        let mut needed = sealer.needed.clone();
        if needed.unsealed {
            needed.unsealed = false;
        } else {
            needed.older.clear();
        }
        let guard = Guard::At(keys::NEEDED_KEYS.to_vec(), sealer.revision);
        match put(store, guard, &needed).await? {
            Some(revision) => self.set(Sealer {
                keys: Arc::clone(&sealer.keys),
                needed,
                revision,
            }),
            // Only whoever has put another key into use has changed it, and sets that.
            None => tokio::task::yield_now().await,
        }
        Ok(())
    }
}

impl Sealer {
    /// One pass over all that is sealed; says how much of it was sealed with another key.
    async fn seal_older(&self, store: &impl Store) -> Result<usize, Error> {
        let mut pages = Pages::of(keys::SECRETS);
        let mut found = 0;
        while let Some(page) = pages.next(store).await? {
            let mut txn = self.guarded(Txn::new());
            for entry in page.iter().filter(|entry| self.is_older(entry)) {
                match self.open(&entry.key, &entry.value) {
                    Ok(text) => {
                        txn = txn.guard(Guard::At(entry.key.clone(), entry.revision));
                        txn = self.put(txn, entry.key.clone(), &text)?;
                        found += 1;
                    }
                    // With its own key: no other will open it.
                    Err(error) => unreadable(entry, &error),
                }
            }
            unless_overtaken(store, txn).await?;
        }
        Ok(found)
    }

    /// One pass over the records that an earlier version may have written; says how many had their secrets in them.
    async fn seal_unsealed(&self, store: &impl Store) -> Result<usize, Error> {
        let mut found = 0;
        for (family, without_secrets) in [
            (keys::DATASTORES, record::without_secrets as fn(&Entry) -> _),
            (keys::LEFTOVERS, residue::without_secrets),
        ] {
            let mut pages = Pages::of(family);
            while let Some(page) = pages.next(store).await? {
                let mut txn = self.guarded(Txn::new());
                for entry in page {
                    match without_secrets(&entry) {
                        Ok(Some(Unsealed {
                            owner,
                            name,
                            s3,
                            record,
                        })) => {
                            let owner = match &name {
                                Some(name) => Owner::datastore(owner, name),
                                None => Owner::test(owner),
                            };
                            txn = self.keep(txn, owner, &s3)?;
                            txn = txn.guard(Guard::At(entry.key.clone(), entry.revision));
                            txn = txn.put(entry.key, record);
                            found += 1;
                        }
                        Ok(None) => {}
                        Err(error) => unreadable(&entry, &error),
                    }
                }
                unless_overtaken(store, txn).await?;
            }
        }
        Ok(found)
    }

    /// Whether an entry was sealed with one of the other keys that are at hand.
    fn is_older(&self, entry: &Entry) -> bool {
        let is_older = |id: KeyId| id != self.needed.current && self.keys.has(id);
        key_of(&entry.value).is_some_and(is_older)
    }
}

/// Says that an entry is left as it is.
fn unreadable(entry: &Entry, error: &dyn std::fmt::Display) {
    tracing::error!(entry = %entry.key.escape_ascii(), %error, "an entry cannot be read, and is left as it is");
}

/// Commits what there is to commit, unless something has changed meanwhile: then the next pass finds what is left.
async fn unless_overtaken(store: &impl Store, txn: Txn) -> Result<(), Error> {
    if txn.ops().is_empty() {
        return Ok(());
    }
    match store.commit(txn).await {
        Ok(_) | Err(store::Error::Conflict { .. }) => Ok(()),
        Err(error) => Err(unavailable(error)),
    }
}

/// The entries of a family, a page at a time.
pub(in crate::registry) struct Pages {
    next: Option<Scan>,
}

impl Pages {
    pub(in crate::registry) fn of(family: &[u8]) -> Self {
        Self {
            next: Some(Scan {
                prefix: family.to_vec(),
                after: None,
                limit: PAGE,
                direction: Direction::Ascending,
            }),
        }
    }

    pub(in crate::registry) async fn next(
        &mut self,
        store: &impl Store,
    ) -> Result<Option<Vec<Entry>>, Error> {
        let Some(scan) = self.next.take() else {
            return Ok(None);
        };
        let page = store.scan(scan.clone()).await.map_err(unavailable)?;
        if page.len() == PAGE {
            let after = page.last().map(|entry| entry.key.clone());
            self.next = Some(Scan { after, ..scan });
        }
        Ok(Some(page))
    }
}
