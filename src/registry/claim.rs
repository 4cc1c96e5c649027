//! What is known of the claim of an enrichment datastore's prefix.

use uuid::Uuid;

use super::delete::refuse_claimed;
use super::{Registry, Stored, keys, record, unavailable, unchanged};
use crate::model::Error;
use crate::model::claim::Claim;
use crate::model::name::DatastoreId;
use crate::store::{self, Store, Txn};

impl<S: Store> Registry<S> {
    /// What this installation is known by in the markers of its claims.
    #[must_use]
    pub fn installation(&self) -> Uuid {
        self.installation.id
    }

    /// Notes what is known of the claim of a datastore. While one is noted the datastore does not move.
    ///
    /// # Errors
    /// [`Error::DatastoreNotFound`], [`Error::StoreUnavailable`], and [`Error::Claim`] if it has been claimed meanwhile and is not the same any
    /// more.
    pub async fn note_claim(
        &self,
        id: &DatastoreId,
        before: &Option<Claim>,
        claim: Option<Claim>,
    ) -> Result<Stored, Error> {
        loop {
            let stored = self.get(id).await?;
            if stored.datastore.claim != *before {
                refuse_claimed(&stored.datastore)?;
            }
            let mut new = stored.datastore.clone();
            new.claim.clone_from(&claim);
            new.update_time = (self.now)().max(new.update_time);
            let record = record::encode(&new).map_err(Error::Internal)?;
            let txn = unchanged(Txn::new(), &stored).put(keys::datastore(id), record);
            match self.store.commit(txn).await {
                Ok(revision) => {
                    return Ok(Stored {
                        datastore: new,
                        revision: Some(revision),
                        connection: stored.connection,
                    });
                }
                Err(store::Error::Conflict { .. }) => {}
                Err(error) => return Err(unavailable(error)),
            }
        }
    }
}
