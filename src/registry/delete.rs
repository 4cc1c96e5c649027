//! Deleting a datastore: record, credentials and index entries in one commit.

use super::{Registry, Request, keys, unavailable};
use crate::model::Error;
use crate::model::name::{DatastoreId, DatastoreName};
use crate::store::{self, Guard, Revision, Store, Txn};

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
}

impl<S: Store> Registry<S> {
    /// Deletes a datastore. Nothing in its bucket is touched.
    ///
    /// # Errors
    /// [`Error::DatastoreNotFound`], [`Error::EtagMismatch`], [`Error::RequestIdReused`], [`Error::StoreUnavailable`].
    pub async fn delete(&self, delete: Delete) -> Result<(), Error> {
        loop {
            if self.earlier(delete.request).await?.is_some() {
                return Ok(());
            }
            let stored = self.get(&delete.id).await?;
            refuse_stale(&delete.id, delete.revision, stored.revision)?;
            if delete.validate_only {
                return Ok(());
            }
            let key = keys::datastore(&delete.id);
            let mut txn = Txn::new();
            if let Some(revision) = stored.revision {
                txn = txn.guard(Guard::At(key.clone(), revision));
            }
            let datastore = &stored.datastore;
            let txn = txn
                .delete(key)
                .delete(keys::by_display_name(&datastore.display_name))
                .delete(keys::by_create_time(datastore.create_time, &delete.id));
            let txn = self.remember(txn, delete.request, None).await?;
            match self.store.commit(txn).await {
                Ok(_) => return Ok(()),
                Err(store::Error::Conflict { .. }) => {}
                Err(error) => return Err(unavailable(error)),
            }
        }
    }
}

/// Refuses a write that was meant for another revision than the stored one.
pub(super) fn refuse_stale(
    id: &DatastoreId,
    wanted: Option<Revision>,
    stored: Option<Revision>,
) -> Result<(), Error> {
    if wanted.is_some() && wanted != stored {
        return Err(Error::EtagMismatch(DatastoreName::new(id.clone())));
    }
    Ok(())
}
