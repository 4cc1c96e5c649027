//! What is known of the claim of an enrichment datastore's prefix.

use std::sync::Arc;

use uuid::Uuid;

use super::{Registry, Stored, keys, record, unchanged};
use crate::model::Error;
use crate::model::audit::Attempt;
use crate::model::claim::{Claim, ClaimError};
use crate::model::datastore::Datastore;
use crate::model::name::DatastoreName;
use crate::store::{Store, Txn};

impl<S: Store> Registry<S> {
    /// What this installation is known by in the markers of its claims.
    #[must_use]
    pub fn installation(&self) -> Uuid {
        self.installation.id
    }

    /// Notes what is known of the claim of a datastore, which was as it is given. While one is noted the datastore does not move. When this is what a
    /// call came to, the call's event is in the same commit.
    ///
    /// # Errors
    /// [`Error::DatastoreNotFound`] also when it is another one of the same name, [`Error::StoreUnavailable`], and [`Error::Claim`] if what is known
    /// is not what it was.
    pub async fn note_claim(
        &self,
        as_read: &Datastore,
        claim: Option<Claim>,
        audit: Option<&Arc<Attempt>>,
    ) -> Result<Stored, Error> {
        let id = &as_read.id;
        loop {
            let stored = self.get(id).await?;
            let name = || DatastoreName::new(id.clone());
            if stored.datastore.uid != as_read.uid {
                return Err(Error::DatastoreNotFound(name()));
            }
            if stored.datastore.claim != as_read.claim {
                return Err(ClaimError::UnderWay(name()).into());
            }
            let mut new = stored.datastore.clone();
            new.claim.clone_from(&claim);
            new.update_time = (self.now)().max(new.update_time);
            let record = record::encode(&new).map_err(Error::Internal)?;
            let txn = unchanged(Txn::new(), &stored).put(keys::datastore(id), record);
            let event = self.change(audit);
            if let Some(revision) = self.committed_with(txn, event).await? {
                return Ok(Stored {
                    datastore: new,
                    revision: Some(revision),
                    connection: stored.connection,
                });
            }
        }
    }
}
