//! Claims the prefix of an enrichment datastore by an object in it, so that two installations do not write over each other.
//!
//! The object, the marker, is written only if there is none (`If-None-Match: *`). Some stores ignore that condition and some refuse it; so the marker
//! is read before and after it is written, and a second conditional write tells whether the store honours the condition.

use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};
use tokio::time::timeout;
use uuid::Uuid;

use crate::iam::Action;
use crate::model::Error;
use crate::model::claim::{Claim, ClaimError, Owner, marker_key};
use crate::model::datastore::Datastore;
use crate::model::link::LinkError;
use crate::model::name::{DatastoreId, DatastoreName};
use crate::model::role::Role;
use crate::prober;
use crate::registry::{Registry, Stored};
use crate::s3::{Answer, Cause, Client, Failure, Guard};
use crate::store::Store;

/// Claims and releases prefixes.
#[derive(Debug)]
pub struct Claims<S> {
    registry: Arc<Registry<S>>,
    now: fn() -> SystemTime,
    reach: Reach,
}

/// What claims may connect to, and how patient they are.
#[derive(Clone, Copy, Debug)]
pub struct Reach {
    /// The endpoint guard.
    pub guard: Guard,
    /// How long one call may take.
    pub call: Duration,
}

/// What the marker says.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Marker {
    installation: Uuid,
    datastore: String,
    uid: Uuid,
}

/// One claim that is made or given up.
struct Attempt<'a> {
    client: Client,
    patience: Duration,
    datastore: &'a Datastore,
    key: String,
    ours: Marker,
}

impl<S: Store> Claims<S> {
    /// Claims for the datastores of this registry, with `now` as its clock.
    #[must_use]
    pub fn new(registry: Arc<Registry<S>>, now: fn() -> SystemTime, reach: Reach) -> Self {
        Self {
            registry,
            now,
            reach,
        }
    }

    /// Claims the prefix of an enrichment datastore. A claim that is held already stays as it is.
    ///
    /// # Errors
    /// [`Error::DatastoreNotFound`], [`Error::Link`] when it is no enrichment datastore, [`Error::Claim`], [`Error::StoreUnavailable`].
    pub async fn claim(&self, id: &DatastoreId) -> Result<Stored, Error> {
        let stored = self.enrichment(id).await?;
        if stored.datastore.claim.as_ref().is_some_and(|c| c.confirmed) {
            return Ok(stored);
        }
        let attempted = Claim {
            time: (self.now)(),
            enforced: false,
            confirmed: false,
        };
        let before = &stored.datastore.claim;
        let noted = self
            .registry
            .note_claim(id, before, Some(attempted.clone()));
        let noted = noted.await?.datastore;
        let attempt = self.attempt(&noted).await;
        let (claim, failure) = match attempt.make().await {
            Ok(enforced) => (Some(attempted.confirmed(enforced)), None),
            // What may be there stays noted.
            Err(unmade) => (unmade.may_be_there.then_some(attempted), Some(unmade.error)),
        };
        let noted = self.registry.note_claim(id, &noted.claim, claim).await?;
        failure.map_or(Ok(noted), |error| Err(error.into()))
    }

    /// Gives a claim up; for a prefix that is not claimed it does nothing.
    ///
    /// # Errors
    /// [`Error::DatastoreNotFound`], [`Error::Link`] when it is no enrichment datastore, [`Error::Claim`], [`Error::StoreUnavailable`].
    pub async fn release(&self, id: &DatastoreId) -> Result<Stored, Error> {
        let stored = self.enrichment(id).await?;
        if stored.datastore.claim.is_none() {
            return Ok(stored);
        }
        let attempt = self.attempt(&stored.datastore).await;
        attempt.give_up().await?;
        let before = &stored.datastore.claim;
        self.registry.note_claim(id, before, None).await
    }

    async fn attempt<'a>(&self, datastore: &'a Datastore) -> Attempt<'a> {
        Attempt::new(self.registry.installation(), datastore, self.reach).await
    }

    async fn enrichment(&self, id: &DatastoreId) -> Result<Stored, Error> {
        let stored = self.registry.get(id).await?;
        if stored.datastore.role != Role::Enrichment {
            let name = DatastoreName::new(id.clone());
            return Err(LinkError::NotAnEnrichment(name).into());
        }
        Ok(stored)
    }
}

/// A claim that was not made.
struct Unmade {
    error: ClaimError,
    /// The marker was sent, and whether it is there is not known.
    may_be_there: bool,
}

impl<'a> Attempt<'a> {
    async fn new(installation: Uuid, datastore: &'a Datastore, reach: Reach) -> Self {
        Self {
            client: Client::new(&datastore.s3, reach.guard).await,
            patience: reach.call,
            datastore,
            key: marker_key(&datastore.s3.prefix),
            ours: Marker {
                installation,
                datastore: DatastoreName::new(datastore.id.clone()).to_string(),
                uid: datastore.uid,
            },
        }
    }

    /// Writes the marker, and says whether the store honours the condition.
    async fn make(&self) -> Result<bool, Unmade> {
        let unsent = |error| Unmade {
            error,
            may_be_there: false,
        };
        let sent = |error| Unmade {
            error,
            may_be_there: true,
        };
        let body = serde_json::to_string(&self.ours).unwrap_or_default();
        let is_there = self.is_ours_there().await.map_err(unsent)?;
        let first = self
            .in_time(self.client.put_if_absent(&self.key, &body))
            .await;
        match first {
            Err(failure) if is_taken(&failure) && is_there => return Ok(true),
            Err(failure) if is_taken(&failure) => {
                // Somebody was faster; a look says who.
                self.is_ours_there().await.map_err(unsent)?;
                return Ok(true);
            }
            Err(failure) if refuses_condition(&failure) => {
                let put = self.in_time(self.client.put(&self.key, &body)).await;
                put.map_err(|f| sent(self.failed(Action::PutObject, &f)))?;
                self.expect_ours().await.map_err(sent)?;
                return Ok(false);
            }
            Err(failure) => {
                let may_be_there = failure.status != Some(403);
                let error = self.failed(Action::PutObject, &failure);
                return Err(Unmade {
                    error,
                    may_be_there,
                });
            }
            Ok(()) => {}
        }
        self.expect_ours().await.map_err(sent)?;
        let again = self
            .in_time(self.client.put_if_absent(&self.key, &body))
            .await;
        Ok(again.is_err_and(|failure| is_taken(&failure)))
    }

    /// Deletes the marker, unless it is somebody else's.
    async fn give_up(&self) -> Result<(), ClaimError> {
        match self.is_ours_there().await {
            Ok(true) => {}
            // What is not ours is not ours to delete, and nothing of ours is there.
            Ok(false) | Err(ClaimError::Others { .. }) => return Ok(()),
            Err(error) => return Err(error),
        }
        let deleted = self.in_time(self.client.delete(&self.key, None)).await;
        deleted.map_err(|f| self.failed(Action::DeleteObject, &f))?;
        Ok(())
    }

    /// Whether our marker is there.
    async fn is_ours_there(&self) -> Result<bool, ClaimError> {
        let read = self.in_time(self.client.get_small(&self.key)).await;
        let bytes = match read {
            Ok(bytes) => bytes,
            Err(failure) if failure.code.as_deref() == Some("NoSuchKey") => return Ok(false),
            Err(failure) => return Err(self.failed(Action::GetObject, &failure)),
        };
        let found: Option<Marker> = serde_json::from_slice(&bytes).ok();
        if found.as_ref() == Some(&self.ours) {
            return Ok(true);
        }
        Err(ClaimError::Others {
            name: DatastoreName::new(self.datastore.id.clone()),
            key: self.key.clone(),
            owner: found.map_or(Owner::Unknown, |marker| marker.owner()),
        })
    }

    /// Reads back what was written: a store that ignores the condition may hold another one's marker by now.
    async fn expect_ours(&self) -> Result<(), ClaimError> {
        if self.is_ours_there().await? {
            return Ok(());
        }
        Err(self.error(
            "GetObject",
            None,
            "what was just written is not there".to_owned(),
        ))
    }

    /// What a call came to, if that is known before the patience ends.
    async fn in_time<T>(&self, call: impl Future<Output = Answer<T>>) -> Result<T, Failure> {
        match timeout(self.patience, call).await {
            Ok(answer) => answer.result,
            Err(_) => Err(Failure::new(Cause::Timeout)),
        }
    }

    fn failed(&self, action: Action, failure: &Failure) -> ClaimError {
        let finding = prober::finding(&self.datastore.s3, action, failure);
        let operation = match action {
            Action::GetObject => "GetObject",
            Action::DeleteObject => "DeleteObject",
            _ => "PutObject",
        };
        let code = failure.code.clone();
        self.error(
            operation,
            code,
            format!("{} {}", finding.title, finding.remedy),
        )
    }

    fn error(&self, operation: &'static str, code: Option<String>, why: String) -> ClaimError {
        ClaimError::Failed {
            name: DatastoreName::new(self.datastore.id.clone()),
            key: self.key.clone(),
            operation,
            code,
            why,
        }
    }
}

impl Marker {
    fn owner(&self) -> Owner {
        match DatastoreName::parse(&self.datastore) {
            Ok(datastore) => Owner::Datastore {
                installation: self.installation,
                datastore,
            },
            Err(_) => Owner::Unknown,
        }
    }
}

/// There is an object already (412), or another conditional write of it is under way (409).
fn is_taken(failure: &Failure) -> bool {
    matches!(failure.status, Some(409 | 412))
}

/// The store does not know the condition.
fn refuses_condition(failure: &Failure) -> bool {
    matches!(failure.status, Some(400 | 501))
}
