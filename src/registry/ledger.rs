//! What request ids have brought about, so that a retried write returns the first one's result (AIP-155).

use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Registry, Stored, keys, record, unavailable};
use crate::model::Error;
use crate::model::datastore::Datastore;
use crate::store::{Direction, Entry, Guard, Scan, Store, Txn};

/// How long a request id is remembered.
const REMEMBERED: Duration = Duration::from_hours(24);
/// How many forgotten ids one write clears away: more than it adds, so that they cannot pile up.
const CLEARED_AT_ONCE: usize = 4;

/// A write that may be sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request {
    /// The caller's id for it.
    pub id: Uuid,
    /// A digest of everything else in the request, the RPC's name included.
    pub digest: [u8; 32],
}

#[derive(Serialize, Deserialize)]
struct Outcome {
    /// Keyed: the request may hold a secret that can be guessed.
    digest: [u8; 32],
    expiry: u64,
    /// The datastore as the write returned it, without its secrets; nothing for a delete.
    result: Option<Vec<u8>>,
}

impl<S: Store> Registry<S> {
    /// The result of an earlier write with this request id: `Some(None)` when it was a delete.
    ///
    /// # Errors
    /// [`Error::RequestIdReused`], [`Error::StoreUnavailable`].
    pub async fn earlier(&self, request: Option<Request>) -> Result<Option<Option<Stored>>, Error> {
        let Some(request) = request else {
            return Ok(None);
        };
        let entry = self.store.get(&keys::request(request.id)).await;
        let Some(entry) = entry.map_err(unavailable)? else {
            return Ok(None);
        };
        if self.is_expired(&entry)? {
            return Ok(None);
        }
        let outcome = outcome(&entry)?;
        // A version that did not seal has kept it as it was.
        let is_same =
            [self.installation.keyed(&request.digest)?, request.digest].contains(&outcome.digest);
        if !is_same {
            return Err(Error::RequestIdReused(request.id));
        }
        let result = outcome.result.as_deref().map(record::decode).transpose();
        let Some(datastore) = result.map_err(Error::Internal)? else {
            return Ok(Some(None));
        };
        // The name may be another datastore's by now.
        let current = match self.get(&datastore.id).await {
            Ok(stored) => (stored.datastore.uid == datastore.uid).then_some(stored),
            Err(Error::DatastoreNotFound(_)) => None,
            Err(error) => return Err(error),
        };
        Ok(Some(Some(Stored {
            connection: current.and_then(|stored| stored.connection),
            datastore,
            // One commit has one revision: the datastore's was the ledger entry's.
            revision: Some(entry.revision),
        })))
    }

    /// What a write came to. One that has failed may have a twin of the same request id that was faster: then its result.
    pub(super) async fn or_earlier(
        &self,
        request: Option<Request>,
        done: Result<Stored, Error>,
    ) -> Result<Stored, Error> {
        match done {
            Ok(stored) => Ok(stored),
            Err(error) => self.earlier(request).await?.flatten().ok_or(error),
        }
    }

    /// Adds the request's outcome to the write that brings it about, and clears some forgotten ones away.
    pub(super) async fn remember(
        &self,
        txn: Txn,
        request: Option<Request>,
        result: Option<&Datastore>,
    ) -> Result<Txn, Error> {
        let Some(request) = request else {
            return Ok(txn);
        };
        let expiry = (self.now)() + REMEMBERED;
        let outcome = Outcome {
            digest: self.installation.keyed(&request.digest)?,
            expiry: record::nanos(expiry),
            result: result
                .map(record::encode)
                .transpose()
                .map_err(Error::Internal)?,
        };
        let key = keys::request(request.id);
        let value = serde_json::to_vec(&outcome).map_err(internal)?;
        let mut txn = self.forget_some(txn).await?;
        // An expired entry may still be there, to be overwritten; one that is not means that the same request was faster.
        let old = self.store.get(&key).await.map_err(unavailable)?;
        txn = match old {
            Some(entry) if self.is_expired(&entry)? => txn
                .guard(Guard::At(key.clone(), entry.revision))
                // Otherwise the old expiry would clear the new outcome away.
                .delete(keys::request_by_expiry(
                    record::time(expiry_in(&entry)?),
                    request.id,
                )),
            _ => txn.guard(Guard::Absent(key.clone())),
        };
        let index = keys::request_by_expiry(expiry, request.id);
        let id = request.id.simple().to_string().into_bytes();
        Ok(txn.put(key, value).put(index, id))
    }

    fn is_expired(&self, entry: &Entry) -> Result<bool, Error> {
        Ok(expiry_in(entry)? < record::nanos((self.now)()))
    }

    async fn forget_some(&self, mut txn: Txn) -> Result<Txn, Error> {
        let scan = Scan {
            prefix: keys::REQUESTS_BY_EXPIRY.to_vec(),
            after: None,
            limit: CLEARED_AT_ONCE,
            direction: Direction::Ascending,
        };
        let now = [
            keys::REQUESTS_BY_EXPIRY,
            keys::ordered((self.now)()).as_bytes(),
        ]
        .concat();
        for entry in self.store.scan(scan).await.map_err(unavailable)? {
            if entry.key >= now {
                break;
            }
            let id = std::str::from_utf8(&entry.value).ok();
            if let Some(id) = id.and_then(|id| Uuid::try_parse(id).ok()) {
                txn = txn.delete(keys::request(id));
            }
            txn = txn.delete(entry.key);
        }
        Ok(txn)
    }
}

fn expiry_in(entry: &Entry) -> Result<u64, Error> {
    outcome(entry).map(|outcome| outcome.expiry)
}

/// When an entry may be forgotten, after reading all of it.
pub(super) fn expiry_of_whole(entry: &Entry) -> Result<SystemTime, Error> {
    let outcome = outcome(entry)?;
    let result = outcome.result.as_deref().map(record::decode).transpose();
    result.map_err(Error::Internal)?;
    Ok(record::time(outcome.expiry))
}

fn outcome(entry: &Entry) -> Result<Outcome, Error> {
    serde_json::from_slice(&entry.value).map_err(internal)
}

fn internal(error: serde_json::Error) -> Error {
    Error::Internal(Box::new(error))
}
