//! Reading one datastore.

use super::{Registry, Stored, keys, record, unavailable};
use crate::model::Error;
use crate::model::link::LinkError;
use crate::model::name::{DatastoreId, DatastoreName, Labels};
use crate::model::role::Role;
use crate::store::{Entry, Store};

impl<S: Store> Registry<S> {
    /// The datastore, its credentials sealed.
    ///
    /// # Errors
    /// [`Error::DatastoreNotFound`], and [`Error::StoreUnavailable`].
    pub async fn get(&self, id: &DatastoreId) -> Result<Stored, Error> {
        let entry = self.store.get(&keys::datastore(id)).await;
        match entry.map_err(unavailable)? {
            Some(entry) => self.stored(&entry).await,
            None => Err(Error::DatastoreNotFound(DatastoreName::new(id.clone()))),
        }
    }

    /// Refuses a datastore that has not all of these labels as if there were none. Nothing is read when there are no labels.
    ///
    /// # Errors
    /// Those of [`Registry::get`].
    pub async fn refuse_unseen(&self, labels: &Labels, id: &DatastoreId) -> Result<(), Error> {
        if labels.is_empty() {
            return Ok(());
        }
        seen(labels, self.get(id).await?).map(drop)
    }

    /// The enrichment datastore that a source is linked to.
    ///
    /// # Errors
    /// [`Error::DatastoreNotFound`], [`Error::Link`] when it is no source or has no link, and [`Error::StoreUnavailable`].
    pub async fn enrichment_of(&self, id: &DatastoreId) -> Result<Stored, Error> {
        let source = self.get(id).await?.datastore;
        let name = DatastoreName::new(source.id);
        if source.role != Role::Source {
            return Err(LinkError::NotASource(name).into());
        }
        match source.enrichment {
            Some(enrichment) => self.get(&enrichment).await,
            None => Err(LinkError::NotLinked(name).into()),
        }
    }

    /// The datastore in an entry, with what is known of its connection.
    pub(super) async fn stored(&self, entry: &Entry) -> Result<Stored, Error> {
        let datastore = record::decode(&entry.value).map_err(Error::Internal)?;
        if entry.key != keys::datastore(&datastore.id) {
            let error = "a datastore's record stands under another one's name";
            return Err(Error::Internal(error.into()));
        }
        Ok(Stored {
            connection: self.connection(&datastore.id).await?,
            datastore,
            revision: Some(entry.revision),
        })
    }
}

/// A datastore that has been read, if it has all of these labels; otherwise as if there were none.
pub(super) fn seen(labels: &Labels, stored: Stored) -> Result<Stored, Error> {
    if stored.datastore.labels.contain(labels) {
        return Ok(stored);
    }
    Err(Error::DatastoreNotFound(DatastoreName::new(
        stored.datastore.id,
    )))
}
