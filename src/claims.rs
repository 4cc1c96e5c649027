//! Claims the prefix of an enrichment datastore by an object in it, so that two installations do not write over each other.
//!
//! A claim is noted before its marker is written, and a release before the marker is deleted, so that a crash forgets neither. Of one datastore one of
//! them runs at a time, to its end, also when its caller has gone. `marker.rs` has the calls of S3.

mod marker;

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use tracing::{Instrument, Span, info_span};
use uuid::Uuid;

use crate::model::Error;
use crate::model::audit;
use crate::model::claim::{Claim, ClaimError};
use crate::model::credentials::CredentialsPolicy;
use crate::model::datastore::Datastore;
use crate::model::link::LinkError;
use crate::model::name::{DatastoreId, DatastoreName};
use crate::model::role::Role;
use crate::prober::Prober;
use crate::registry::{Registry, Stored};
use crate::spans::TARGET;
use crate::store::Store;
use marker::{Attempt, Reach};

/// Claims and releases prefixes.
#[derive(Debug)]
pub struct Claims<S> {
    inner: Arc<Inner<S>>,
    prober: Arc<Prober>,
}

#[derive(Debug)]
struct Inner<S> {
    registry: Arc<Registry<S>>,
    policy: CredentialsPolicy,
    reach: Reach,
    /// The datastores whose prefixes are being claimed or released.
    busy: Mutex<HashSet<Uuid>>,
}

/// The call that asks for it, if it is to have an event.
type Audit = Option<Arc<audit::Attempt>>;

/// What is to be done.
#[derive(Clone, Copy, Debug)]
enum Wish {
    Claim,
    Release,
}

impl<S: Store> Claims<S> {
    /// Claims for the datastores of this registry, as some of the tests that the prober may run, with the credentials that the policy allows.
    #[must_use]
    pub fn new(registry: Arc<Registry<S>>, prober: Arc<Prober>, policy: CredentialsPolicy) -> Self {
        let inner = Inner {
            registry,
            policy,
            reach: Reach {
                guard: prober.guard(),
                calls: prober.s3_calls(),
                patience: prober.patience(),
            },
            busy: Mutex::default(),
        };
        Self {
            inner: Arc::new(inner),
            prober,
        }
    }

    /// Claims the prefix of an enrichment datastore. A claim that is held already stays as it is.
    ///
    /// # Errors
    /// [`Error::DatastoreNotFound`], [`Error::Link`] when it is no enrichment datastore, [`Error::Claim`], [`Error::AmbientCredentialsNotAllowed`],
    /// those of [`Prober::spawn`], [`Error::StoreUnavailable`].
    pub async fn claim(&self, id: &DatastoreId, audit: Audit) -> Result<Stored, Error> {
        self.run(id, Wish::Claim, audit).await
    }

    /// Gives a claim up; for a prefix that is not claimed it does nothing.
    ///
    /// # Errors
    /// As [`Claims::claim`].
    pub async fn release(&self, id: &DatastoreId, audit: Audit) -> Result<Stored, Error> {
        self.run(id, Wish::Release, audit).await
    }

    async fn run(&self, id: &DatastoreId, wish: Wish, audit: Audit) -> Result<Stored, Error> {
        let stored = self.inner.enrichment(id).await?;
        if is_granted(&stored.datastore, wish) {
            return Ok(stored);
        }
        let inner = Arc::clone(&self.inner);
        let account = audit.as_ref().map(|attempt| attempt.actor().account());
        let work = async move { inner.attempt(stored.datastore, wish, audit).await };
        let work = work.instrument(traced(wish));
        let done = self.prober.spawn(&account.unwrap_or_default(), work)?.await;
        done.unwrap_or_else(|panic| Err(Error::Internal(Box::new(panic))))
    }
}

/// Whether there is nothing to do.
fn is_granted(datastore: &Datastore, wish: Wish) -> bool {
    match wish {
        Wish::Claim => datastore.claim.as_ref().is_some_and(|c| c.confirmed),
        Wish::Release => datastore.claim.is_none(),
    }
}

impl<S: Store> Inner<S> {
    async fn enrichment(&self, id: &DatastoreId) -> Result<Stored, Error> {
        let stored = self.registry.with_credentials(id).await?;
        if stored.datastore.role != Role::Enrichment {
            let name = DatastoreName::new(id.clone());
            return Err(LinkError::NotAnEnrichment(name).into());
        }
        self.policy.check(&stored.datastore.s3.credentials)?;
        Ok(stored)
    }

    async fn attempt(&self, seen: Datastore, wish: Wish, audit: Audit) -> Result<Stored, Error> {
        let Some(_alone) = Alone::at(&self.busy, seen.uid) else {
            let name = DatastoreName::new(seen.id);
            return Err(ClaimError::UnderWay(name).into());
        };
        self.alone(&seen.id, wish, audit).await
    }

    /// The only attempt at this datastore's prefix; an earlier one may have ended since it was looked at.
    async fn alone(&self, id: &DatastoreId, wish: Wish, audit: Audit) -> Result<Stored, Error> {
        let stored = self.enrichment(id).await?;
        if is_granted(&stored.datastore, wish) {
            return Ok(stored);
        }
        match wish {
            Wish::Claim => self.make(&stored.datastore, audit).await,
            Wish::Release => self.give_up(&stored.datastore, audit).await,
        }
    }

    async fn make(&self, datastore: &Datastore, audit: Audit) -> Result<Stored, Error> {
        let pending = Claim {
            time: SystemTime::now(),
            enforced: false,
            confirmed: false,
        };
        let note = self
            .registry
            .note_claim(datastore, Some(pending.clone()), None);
        let noted = note.await?.datastore;
        let noted = self.registry.with_credentials(&noted.id).await?.datastore;
        let attempt = self.at(&noted, &audit).await;
        // An earlier attempt that was not answered may have written the marker.
        let (claim, failure) = match attempt.make(datastore.claim.is_some()).await {
            Ok(enforced) => (Some(pending.confirmed(enforced)), None),
            // What may be there stays noted.
            Err(unmade) => (unmade.may_be_there.then_some(pending), Some(unmade.error)),
        };
        // What was refused has its event where it is answered.
        let made = audit.as_ref().filter(|_| failure.is_none());
        let known = self.registry.note_claim(&noted, claim, made).await;
        match (known, failure) {
            (Ok(_), Some(error)) => Err(error.into()),
            // It was deleted by force meanwhile: nobody would know of the marker. After another error the note that there may be one stands.
            (Err(error @ Error::DatastoreNotFound(_)), None) => {
                if let Err(left) = attempt.give_up().await {
                    tracing::warn!(%left, "the marker of a datastore that has gone is left");
                }
                Err(error)
            }
            (noted, _) => noted,
        }
    }

    /// The marker at a datastore's prefix, for the call that asks for it.
    async fn at<'a>(&self, datastore: &'a Datastore, audit: &Audit) -> Attempt<'a> {
        let call = audit.as_ref().map(|attempt| &attempt.actor().call_id);
        Attempt::new(
            self.registry.installation(),
            datastore,
            call,
            self.reach.clone(),
        )
        .await
    }

    async fn give_up(&self, datastore: &Datastore, audit: Audit) -> Result<Stored, Error> {
        let held = datastore.claim.clone();
        let pending = held.clone().map(|claim| Claim {
            confirmed: false,
            ..claim
        });
        let noted = self
            .registry
            .note_claim(datastore, pending, None)
            .await?
            .datastore;
        let noted = self.registry.with_credentials(&noted.id).await?.datastore;
        let attempt = self.at(&noted, &audit).await;
        match attempt.give_up().await {
            Ok(()) => {
                let done = self.registry.note_claim(&noted, None, audit.as_ref());
                done.await
            }
            Err(error) => {
                if error.is_denial() {
                    self.registry.note_claim(&noted, held, None).await?;
                }
                Err(error.into())
            }
        }
    }
}

/// The span of what is done in a bucket.
fn traced(wish: Wish) -> Span {
    match wish {
        Wish::Claim => info_span!(target: TARGET, "claim prefix"),
        Wish::Release => info_span!(target: TARGET, "release prefix"),
    }
}

/// The only attempt at a datastore's prefix, as long as it is there.
struct Alone<'a> {
    busy: &'a Mutex<HashSet<Uuid>>,
    uid: Uuid,
}

impl<'a> Alone<'a> {
    /// `None` if there is another.
    fn at(busy: &'a Mutex<HashSet<Uuid>>, uid: Uuid) -> Option<Self> {
        let mut all = busy.lock().unwrap_or_else(PoisonError::into_inner);
        // Made only if there is none: dropping it would let another one in.
        all.insert(uid).then(|| Self { busy, uid })
    }
}

impl Drop for Alone<'_> {
    fn drop(&mut self) {
        let mut all = self.busy.lock().unwrap_or_else(PoisonError::into_inner);
        all.remove(&self.uid);
    }
}
