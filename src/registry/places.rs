//! Which enrichment datastore holds which prefix: from its first link on, whoever else is registered there.

use super::{Registry, keys, unavailable};
use crate::model::Error;
use crate::model::datastore::Datastore;
use crate::model::link::LinkError;
use crate::model::name::{DatastoreId, DatastoreName};
use crate::model::place::Place;
use crate::store::{Direction, Entry, Guard, Scan, Store, Txn};

impl<S: Store> Registry<S> {
    /// Lets an enrichment datastore that a source is to be linked to hold its prefix; alone, unless it may be shared.
    pub(super) async fn holding(
        &self,
        txn: Txn,
        enrichment: &Datastore,
        share_prefix: bool,
    ) -> Result<Txn, Error> {
        if self.holds(enrichment).await? {
            // With whom it shares it was accepted when it began to.
            return Ok(txn);
        }
        let txn = if share_prefix {
            txn
        } else {
            self.unshared(txn, enrichment).await?
        };
        Ok(held(txn, enrichment))
    }

    /// Whether an enrichment datastore holds its prefix.
    pub(super) async fn holds(&self, enrichment: &Datastore) -> Result<bool, Error> {
        let key = keys::enrichment_at(&Place::of(&enrichment.s3), &enrichment.id);
        Ok(self.store.get(&key).await.map_err(unavailable)?.is_some())
    }

    /// Guards that no other enrichment datastore holds the place, or one in it or around it, when the transaction is committed.
    pub(super) async fn unshared(&self, txn: Txn, enrichment: &Datastore) -> Result<Txn, Error> {
        let place = Place::of(&enrichment.s3);
        let key = keys::enrichments_changed(&place.bucket());
        let changed = self.store.get(&key).await.map_err(unavailable)?;
        // The mark is read first: what changes after that breaks the guard.
        let txn = txn.guard(as_read(key, changed.as_ref()));
        let mut prefixes = vec![keys::enrichments_in(&place)];
        prefixes.extend(place.around().map(|p| keys::enrichments_at(&p)));
        for prefix in prefixes {
            if let Some(held_by) = self.other_than(&enrichment.id, prefix).await? {
                return Err(LinkError::Shared {
                    enrichment: DatastoreName::new(enrichment.id.clone()),
                    held_by: DatastoreName::new(held_by),
                }
                .into());
            }
        }
        Ok(txn)
    }

    /// The first of the enrichment datastores under a key, but this one.
    async fn other_than(
        &self,
        id: &DatastoreId,
        prefix: Vec<u8>,
    ) -> Result<Option<DatastoreId>, Error> {
        let scan = Scan {
            prefix,
            after: None,
            // Each has one entry, this one too.
            limit: 2,
            direction: Direction::Ascending,
        };
        for entry in self.store.scan(scan).await.map_err(unavailable)? {
            let found = keys::id_in(&entry.value)?;
            if found != *id {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }
}

/// Adds the entry by which an enrichment datastore holds its place.
pub(super) fn held(txn: Txn, datastore: &Datastore) -> Txn {
    let place = Place::of(&datastore.s3);
    let id = datastore.id.as_str().as_bytes().to_vec();
    txn.put(keys::enrichment_at(&place, &datastore.id), id)
        .put(keys::enrichments_changed(&place.bucket()), Vec::new())
}

/// Takes that entry away, if there is one.
pub(super) fn left(txn: Txn, datastore: &Datastore) -> Txn {
    let place = Place::of(&datastore.s3);
    txn.delete(keys::enrichment_at(&place, &datastore.id))
        .put(keys::enrichments_changed(&place.bucket()), Vec::new())
}

/// A guard that a key is as it was read.
pub(super) fn as_read(key: Vec<u8>, entry: Option<&Entry>) -> Guard {
    match entry {
        Some(entry) => Guard::At(key, entry.revision),
        None => Guard::Absent(key),
    }
}
