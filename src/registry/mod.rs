//! The use cases over a store: create, get, list, update and delete datastores. Each is one guarded commit, or none.

mod create;
mod delete;
mod get;
mod keys;
mod ledger;
mod list;
mod record;
mod residue;
mod update;

use std::sync::Arc;
use std::time::SystemTime;

pub use create::Create;
pub use delete::Delete;
pub use ledger::Request;
pub use list::{Page, Query};
pub use update::{Change, S3Change, Update};

use crate::model::Error;
use crate::model::datastore::Datastore;
use crate::store::{self, Revision, Store};

/// The registry of datastores, on any store.
#[derive(Debug)]
pub struct Registry<S> {
    store: Arc<S>,
    now: fn() -> SystemTime,
}

/// A datastore as it is stored, and the revision that stored it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// The datastore.
    pub datastore: Datastore,
    /// The revision of its last change. `None` for a datastore that was only validated.
    pub revision: Option<Revision>,
}

impl<S: Store> Registry<S> {
    /// A registry on `store`, with `now` as its clock.
    pub fn new(store: Arc<S>, now: fn() -> SystemTime) -> Self {
        Self { store, now }
    }
}

/// A read or a commit that failed for another reason than a conflict. Waiting does not mend damaged records.
fn unavailable(error: store::Error) -> Error {
    match error {
        store::Error::Corrupt(_) => Error::Internal(Box::new(error)),
        other => Error::StoreUnavailable(Box::new(other)),
    }
}
