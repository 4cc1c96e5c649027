//! Reading one datastore.

use super::{Registry, Stored, keys, record, unavailable};
use crate::model::Error;
use crate::model::name::{DatastoreId, DatastoreName};
use crate::store::{Entry, Store};

impl<S: Store> Registry<S> {
    /// The datastore with its credentials, for testing its connection and for showing it without them.
    ///
    /// # Errors
    /// [`Error::DatastoreNotFound`], and [`Error::StoreUnavailable`].
    pub async fn get(&self, id: &DatastoreId) -> Result<Stored, Error> {
        let entry = self.store.get(&keys::datastore(id)).await;
        match entry.map_err(unavailable)? {
            Some(entry) => stored(&entry),
            None => Err(Error::DatastoreNotFound(DatastoreName::new(id.clone()))),
        }
    }
}

/// The datastore in an entry.
pub(super) fn stored(entry: &Entry) -> Result<Stored, Error> {
    Ok(Stored {
        datastore: record::decode(&entry.value).map_err(Error::Internal)?,
        revision: Some(entry.revision),
    })
}
