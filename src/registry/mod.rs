//! The use cases over a store: create, get, list, update, delete and link datastores, and keep their tests. Each is one guarded commit, or none.

mod audit;
mod check;
mod claim;
mod connection;
mod create;
mod delete;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzz;
mod get;
mod history;
mod installation;
mod keys;
mod ledger;
mod links;
mod list;
mod places;
#[cfg(test)]
mod races;
mod record;
mod residue;
mod sealing;
#[cfg(test)]
mod testing;
mod update;

use std::sync::Arc;
use std::time::SystemTime;

pub use audit::{EventPage, EventQuery, TARGET as AUDIT};
pub use check::{Checked, Remedy, Violation, check};
pub use connection::Connection;
pub use create::{Create, Enrichment, New};
pub use delete::Delete;
pub use history::{TestPage, refuse_unless_passed};
pub use ledger::Request;
pub use links::Link;
pub use list::{Page, Query};
pub use sealing::{LostKeys, NeededKeys, OpenError};
pub use update::{Change, Proven, S3Change, Update};

use crate::model::Error;
use crate::model::datastore::Datastore;
use crate::model::name::{DatastoreId, DatastoreName};
use crate::store::{self, Guard, Revision, Store, Txn};
use crate::vault::Keys;
use installation::Installation;
use sealing::Sealing;

/// The registry of datastores, on any store.
#[derive(Debug)]
pub struct Registry<S> {
    store: Arc<S>,
    now: fn() -> SystemTime,
    sealing: Sealing,
    installation: Installation,
    history: history::Bounds,
    trail: Arc<audit::Trail>,
}

/// A datastore as it is stored, and the revision that stored it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// The datastore.
    pub datastore: Datastore,
    /// The revision of its last change. `None` for a datastore that was only validated.
    pub revision: Option<Revision>,
    /// What is known of its connection, if it was tested as it is.
    pub connection: Option<Connection>,
}

impl<S: Store> Registry<S> {
    /// A registry on `store`, whose secrets are sealed with `keys`, with `now` as its clock, that keeps the last `test_history` connection tests of
    /// each datastore.
    ///
    /// # Errors
    /// [`OpenError`].
    pub async fn open(
        store: Arc<S>,
        keys: (Keys, LostKeys),
        now: fn() -> SystemTime,
        test_history: usize,
    ) -> Result<Self, OpenError> {
        let sealing = Sealing::open(&*store, keys.0, keys.1).await?;
        sealing.seal_unsealed(&*store).await?;
        Ok(Self {
            installation: Installation::of(&*store, &sealing.now()).await?,
            sealing,
            history: history::Bounds::of(&*store, test_history).await?,
            store,
            now,
            trail: Arc::default(),
        })
    }
}

impl<S: Store> Registry<S> {
    /// Commits, and says at which revision; not at all when a guard did not hold, and the use case has to look again.
    async fn committed(&self, txn: Txn) -> Result<Option<Revision>, Error> {
        committed(&*self.store, txn).await
    }
}

async fn committed(store: &impl Store, txn: Txn) -> Result<Option<Revision>, Error> {
    match store.commit(txn).await {
        Ok(revision) => Ok(Some(revision)),
        Err(store::Error::Conflict { .. }) => Ok(None),
        Err(error) => Err(unavailable(error)),
    }
}

/// Guards that a datastore is as it was read.
fn unchanged(txn: Txn, stored: &Stored) -> Txn {
    match stored.revision {
        Some(revision) => {
            let key = keys::datastore(&stored.datastore.id);
            txn.guard(Guard::At(key, revision))
        }
        None => txn,
    }
}

/// Refuses a write that was meant for another revision than the stored one.
fn refuse_stale(
    id: &DatastoreId,
    wanted: Option<Revision>,
    stored: Option<Revision>,
) -> Result<(), Error> {
    if wanted.is_some() && wanted != stored {
        return Err(Error::EtagMismatch(DatastoreName::new(id.clone())));
    }
    Ok(())
}

/// A read or a commit that failed for another reason than a conflict. Waiting does not mend damaged records.
fn unavailable(error: store::Error) -> Error {
    match error {
        store::Error::Corrupt(_) => Error::Internal(Box::new(error)),
        other => Error::StoreUnavailable(Box::new(other)),
    }
}
