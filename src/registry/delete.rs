//! Deleting a datastore: record, credentials and index entries in one commit.

use std::sync::Arc;

use super::get::seen;
use super::links::unlinked;
use super::places::left;
use super::{Registry, Request, keys, record, refuse_stale, unchanged};
use crate::model::Error;
use crate::model::audit::Attempt;
use crate::model::claim::{ClaimError, marker_key};
use crate::model::datastore::Datastore;
use crate::model::error::Unseen;
use crate::model::link::LinkError;
use crate::model::name::{DatastoreId, DatastoreName, Labels};
use crate::model::role::Role;
use crate::store::{Revision, Store, Txn};

/// A datastore to be deleted.
#[derive(Clone, Debug)]
pub struct Delete {
    /// Which.
    pub id: DatastoreId,
    /// Only if this is its revision.
    pub revision: Option<Revision>,
    /// What makes a retry safe.
    pub request: Option<Request>,
    /// Check everything, delete nothing.
    pub validate_only: bool,
    /// Unlink the sources of an enrichment datastore, and leave the marker of its claim behind.
    pub force: bool,
    /// Only if it has all of these labels. Force unlinks only sources that have them; others stand in the way.
    pub seen_by: Labels,
    /// Whose event is to be in the same commit.
    pub audit: Option<Arc<Attempt>>,
}

impl<S: Store> Registry<S> {
    /// Deletes a datastore. Nothing in its bucket is touched.
    ///
    /// # Errors
    /// [`Error::DatastoreNotFound`], [`Error::EtagMismatch`], [`Error::Link`] and [`Error::Claim`] without force, [`Error::RequestIdReused`],
    /// [`Error::StoreUnavailable`].
    pub async fn delete(&self, delete: Delete) -> Result<(), Error> {
        let request = delete.request;
        match self.try_to_delete(delete).await {
            // A twin of the same request id may have been faster.
            Err(_) if self.earlier(request).await?.is_some() => Ok(()),
            done => done,
        }
    }

    async fn try_to_delete(&self, delete: Delete) -> Result<(), Error> {
        loop {
            if self.earlier(delete.request).await?.is_some() {
                return Ok(());
            }
            let stored = seen(&delete.seen_by, self.get(&delete.id).await?)?;
            refuse_stale(&delete.id, delete.revision, stored.revision)?;
            let datastore = &stored.datastore;
            if !delete.force {
                refuse_claimed(datastore)?;
            }
            let mut txn = unchanged(Txn::new(), &stored);
            if datastore.role == Role::Enrichment {
                txn = self.without_sources(txn, datastore, &delete).await?;
            }
            if delete.validate_only {
                return Ok(());
            }
            txn = self.forgotten(txn, &stored).await?;
            if datastore.role == Role::Enrichment {
                txn = left(txn, datastore);
            }
            txn = unlinked(txn, datastore)
                .delete(keys::datastore(&delete.id))
                .delete(keys::secrets(datastore.uid))
                .delete(keys::by_display_name(&datastore.display_name))
                .delete(keys::by_create_time(datastore.create_time, &delete.id));
            let txn = self.remember(txn, delete.request, None).await?;
            let event = self.change(delete.audit.as_ref());
            if self.committed_with(txn, event).await?.is_some() {
                return Ok(());
            }
        }
    }
}

impl<S: Store> Registry<S> {
    /// Unlinks every source of an enrichment datastore, all in one commit; without force it is refused if there are any.
    async fn without_sources(
        &self,
        txn: Txn,
        enrichment: &Datastore,
        delete: &Delete,
    ) -> Result<Txn, Error> {
        let mut txn = self.sources_as_they_are(txn, &enrichment.id).await?;
        txn = txn.delete(keys::sources_changed(&enrichment.id));
        if !delete.force {
            let mut ids = self.sources(&enrichment.id, None, NAMED + 1).await?;
            if ids.is_empty() {
                return Ok(txn);
            }
            let more = ids.len() > NAMED;
            ids.truncate(NAMED);
            return Err(LinkError::InUse {
                name: DatastoreName::new(enrichment.id.clone()),
                sources: ids.into_iter().map(DatastoreName::new).collect(),
                more,
            }
            .into());
        }
        let mut after = None;
        loop {
            let ids = self.sources(&enrichment.id, after.as_ref(), PAGE).await?;
            for id in &ids {
                let stored = match self.get(id).await {
                    // It has gone meanwhile, so that the guard on the sources no longer holds.
                    Err(Error::DatastoreNotFound(_)) => continue,
                    found => found?,
                };
                if !stored.datastore.labels.contain(&delete.seen_by) {
                    let name = DatastoreName::new(enrichment.id.clone());
                    return Err(Unseen::Sources(name).into());
                }
                txn = unlinked(unchanged(txn, &stored), &stored.datastore);
                let mut source = stored.datastore;
                source.enrichment = None;
                source.update_time = (self.now)().max(source.update_time);
                let record = record::encode(&source).map_err(Error::Internal)?;
                txn = txn.put(keys::datastore(id), record);
            }
            if ids.len() < PAGE {
                // The mark goes with the datastore, whatever unlinking has put there.
                return Ok(txn.delete(keys::sources_changed(&enrichment.id)));
            }
            after = ids.last().cloned();
        }
    }
}

/// How many of the sources that stand in the way are named.
const NAMED: usize = 10;
/// How many sources are read at once.
const PAGE: usize = 500;

/// Refuses to leave a prefix behind that is claimed.
pub(super) fn refuse_claimed(datastore: &Datastore) -> Result<(), Error> {
    if datastore.claim.is_none() {
        return Ok(());
    }
    Err(ClaimError::Held {
        name: DatastoreName::new(datastore.id.clone()),
        key: marker_key(&datastore.s3.prefix),
    }
    .into())
}
