//! Changing a datastore: the named fields, guarded by the revision that was read.

use std::sync::Arc;

use uuid::Uuid;

use super::delete::refuse_claimed;
use super::get::seen;
use super::links::{linked, unlinked};
use super::places::left;
use super::sealing::Owner;
use super::{Registry, Request, Stored, keys, record, refuse_stale, unchanged};
use crate::model::Error;
use crate::model::audit::{Attempt, Event};
use crate::model::certificates::Certificates;
use crate::model::connection_test::TestName;
use crate::model::credentials::Credentials;
use crate::model::datastore::{AddressingStyle, Datastore, S3Config};
use crate::model::endpoint::Endpoint;
use crate::model::error::Violation;
use crate::model::location::Location;
use crate::model::name::{DatastoreId, DatastoreName, DisplayName, Labels};
use crate::model::place::Place;
use crate::model::proof::ProofError;
use crate::model::region::Region;
use crate::model::role::Role;
use crate::store::{Guard, Revision, Store, Txn};

/// A change of a datastore.
#[derive(Clone, Debug)]
pub struct Update {
    /// Which.
    pub id: DatastoreId,
    /// Only if this is its uid: another one may have taken the name meanwhile.
    pub uid: Option<Uuid>,
    /// Only if it has all of these labels.
    pub seen_by: Labels,
    /// Only if this is its revision.
    pub revision: Option<Revision>,
    /// What to change.
    pub change: Change,
    /// What makes a retry safe.
    pub request: Option<Request>,
    /// Check everything, store nothing.
    pub validate_only: bool,
    /// Whether another enrichment datastore may hold the prefix that this one moves to.
    pub share_prefix: bool,
    /// What has proven the new connection.
    pub proven: Proven,
    /// Whose event is to be in the same commit.
    pub audit: Option<Arc<Attempt>>,
}

/// What has proven a connection that changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Proven {
    /// This test.
    By(TestName),
    /// Nothing: it was waived.
    Waived,
    /// Nothing: no change was to be expected.
    NoChange,
}

/// The new values; `None` leaves a field as it is.
#[derive(Clone, Debug, Default)]
pub struct Change {
    /// The name people see.
    pub display_name: Option<DisplayName>,
    /// All labels.
    pub labels: Option<Labels>,
    /// The role, which must be the one that it has.
    pub role: Option<Role>,
    /// The S3 configuration.
    pub s3: S3Change,
}

/// The new values of an S3 configuration; `None` leaves a field as it is, `Some(None)` sets it to its default.
#[derive(Clone, Debug, Default)]
pub struct S3Change {
    /// Where the data is. Brings its region along when it names one.
    pub location: Option<Location>,
    /// The region.
    pub region: Option<Option<Region>>,
    /// The compatible store's address.
    pub endpoint: Option<Option<Endpoint>>,
    /// Where the bucket's name goes.
    pub addressing_style: Option<Option<AddressingStyle>>,
    /// What an `https` endpoint is trusted by.
    pub ca_certificates: Option<Option<Certificates>>,
    /// Who signs.
    pub credentials: Option<Credentials>,
}

impl Change {
    /// Whether it is one of the connection.
    #[must_use]
    pub fn is_of_connection(&self) -> bool {
        let S3Change {
            location,
            region,
            endpoint,
            addressing_style,
            ca_certificates,
            credentials,
        } = &self.s3;
        location.is_some()
            || region.is_some()
            || endpoint.is_some()
            || addressing_style.is_some()
            || ca_certificates.is_some()
            || credentials.is_some()
    }
}

impl<S: Store> Registry<S> {
    /// Changes a datastore, or returns what an earlier update with the same request id returned.
    ///
    /// # Errors
    /// [`Error::DatastoreNotFound`], [`Error::EtagMismatch`], [`Error::CredentialsRequired`], [`Error::DisplayNameTaken`], [`Error::Link`] and
    /// [`Error::Claim`] when it moves to where it must not be, [`Error::RequestIdReused`], [`Error::StoreUnavailable`].
    pub async fn update(&self, update: Update) -> Result<Stored, Error> {
        let request = update.request;
        let done = self.try_to_update(update).await;
        self.or_earlier(request, done).await
    }

    async fn try_to_update(&self, update: Update) -> Result<Stored, Error> {
        loop {
            if let Some(earlier) = self.earlier(update.request).await? {
                return earlier.ok_or(Error::Internal(
                    "an update's request id has no result".into(),
                ));
            }
            let stored = self.as_to_change(&update).await?;
            refuse_stale(&update.id, update.revision, stored.revision)?;
            let old = &stored.datastore;
            let mut new = changed(old, &update.change)?;
            if new.display_name != old.display_name {
                self.refuse_display_name(&new.display_name).await?;
            }
            new.update_time = (self.now)().max(old.update_time);
            let txn = unchanged(Txn::new(), &stored);
            let mut txn = self.movable(txn, old, &new, update.share_prefix).await?;
            if update.validate_only {
                return Ok(Stored {
                    datastore: new,
                    ..stored
                });
            }
            if new.s3 != old.s3 {
                txn = self
                    .sealing
                    .now()
                    .keep(txn, Owner::datastore(new.uid, &new.id), &new.s3)?;
                txn = match &update.proven {
                    Proven::By(test) => self.adopt(txn, test, &new).await?,
                    Proven::Waived => txn.delete(keys::connection(&new.id)),
                    Proven::NoChange => return Err(overtaken(&new.id)),
                };
            }
            let txn = replacement(txn, old, &new)?;
            let txn = self.remember(txn, update.request, Some(&new)).await?;
            let event = self.change(update.audit.as_ref());
            let event = event.map(|event| told(event, &update.proven));
            if let Some(revision) = self.committed_with(txn, event).await? {
                return Ok(Stored {
                    connection: self.connection(&new.id).await?,
                    datastore: new,
                    revision: Some(revision),
                });
            }
        }
    }
}

impl<S: Store> Registry<S> {
    /// Guards that a datastore may be where the new one says when the transaction is committed.
    async fn movable(
        &self,
        mut txn: Txn,
        old: &Datastore,
        new: &Datastore,
        share_prefix: bool,
    ) -> Result<Txn, Error> {
        let stays = Place::of(&old.s3) == Place::of(&new.s3);
        if !stays || !moved_fields(&old.s3, &new.s3).is_empty() {
            refuse_claimed(old)?;
        }
        if stays {
            return Ok(txn);
        }
        if let Some(enrichment) = &new.enrichment {
            // Where the enrichment datastore is, and whether it shares its prefix, is not what changes.
            return self.linkable(txn, new, enrichment, true).await;
        }
        if new.role == Role::Enrichment {
            txn = self.sources_as_they_are(txn, &new.id).await?;
            self.refuse_overlap(new).await?;
            if self.holds(old).await? {
                // It comes to a place that it does not hold yet.
                txn = self.holding(left(txn, old), new, share_prefix).await?;
            }
        }
        Ok(txn)
    }

    /// The datastore as it is, with its credentials if they matter.
    async fn as_to_change(&self, update: &Update) -> Result<Stored, Error> {
        let stored = if update.change.is_of_connection() {
            self.opened(&update.id).await?
        } else {
            self.get(&update.id).await?
        };
        if update.uid.is_some_and(|uid| uid != stored.datastore.uid) {
            return Err(Error::DatastoreNotFound(DatastoreName::new(
                update.id.clone(),
            )));
        }
        seen(&update.seen_by, stored)
    }

    /// The datastore's uid, and the configuration and role that an update would lead to, if its connection is another one than the stored one.
    ///
    /// # Errors
    /// As [`Registry::update`].
    pub async fn connection_after(
        &self,
        update: &Update,
    ) -> Result<Option<(Uuid, S3Config, Role)>, Error> {
        let old = self.as_to_change(update).await?.datastore;
        let new = changed(&old, &update.change)?;
        Ok((new.s3 != old.s3).then_some((new.uid, new.s3, new.role)))
    }
}

/// The event of an update, with the test that it relied on.
fn told(mut event: Event, proven: &Proven) -> Event {
    if let Proven::By(test) = proven {
        event.connection_tests.push(test.to_string());
    }
    event
}

/// Somebody else has changed the connection in the meantime.
pub(super) fn overtaken(id: &DatastoreId) -> Error {
    ProofError::Overtaken(DatastoreName::new(id.clone())).into()
}

fn changed(old: &Datastore, change: &Change) -> Result<Datastore, Error> {
    let mut violations = Vec::new();
    violations.extend(other_role(old.role, change.role));
    let mut new = old.clone();
    if let Some(display_name) = &change.display_name {
        new.display_name = display_name.clone();
    }
    if let Some(labels) = &change.labels {
        new.labels = labels.clone();
    }
    apply(&mut new.s3, &change.s3);
    if change.s3.credentials.is_some() {
        violations.extend(missing_sts_endpoint(&new.s3));
    }
    if !violations.is_empty() {
        return Err(Error::InvalidFields(violations));
    }
    let is_sealed = matches!(new.s3.credentials, Credentials::Sealed(_));
    if is_sealed && new.s3 != old.s3 {
        let name = DatastoreName::new(old.id.clone());
        return Err(Error::CredentialsUnreadable(name));
    }
    let moved = moved_fields(&old.s3, &new.s3);
    if !moved.is_empty() && change.s3.credentials.is_none() {
        return Err(Error::CredentialsRequired {
            name: DatastoreName::new(old.id.clone()),
            changed: moved,
        });
    }
    Ok(new)
}

/// A role may be sent back as it was read, not changed (AIP-203, Immutable).
fn other_role(old: Role, wanted: Option<Role>) -> Option<Violation> {
    wanted.filter(|role| *role != old).map(|_| Violation {
        field: "datastore.role".to_owned(),
        description: format!(
            "is {old} and never changes; leave it out, or delete the datastore and create it anew"
        ),
    })
}

/// Only here both are known: the endpoint that may be stored, and the role that may be new.
fn missing_sts_endpoint(s3: &S3Config) -> Option<Violation> {
    s3.lacks_sts_endpoint().then(Violation::no_sts_endpoint)
}

fn apply(s3: &mut S3Config, change: &S3Change) {
    if let Some(location) = &change.location {
        s3.bucket = location.bucket().clone();
        s3.prefix = location.prefix().clone();
        if let Some(region) = location.region() {
            s3.region = region.clone();
        }
    }
    if let Some(region) = &change.region {
        let in_uri = change.location.as_ref().and_then(Location::region);
        let region = region.as_ref().or(in_uri).cloned();
        s3.region = region.unwrap_or_default();
    }
    if let Some(endpoint) = &change.endpoint {
        s3.endpoint.clone_from(endpoint);
    }
    if let Some(style) = change.addressing_style {
        s3.addressing_style = style;
    }
    if let Some(certificates) = &change.ca_certificates {
        s3.ca_certificates.clone_from(certificates);
    }
    if let Some(credentials) = &change.credentials {
        s3.credentials = credentials.clone();
    }
}

/// The fields that say where requests go and that differ.
fn moved_fields(old: &S3Config, new: &S3Config) -> Vec<&'static str> {
    let mut moved = Vec::new();
    if (&old.bucket, &old.prefix) != (&new.bucket, &new.prefix) {
        moved.push("s3.uri");
    }
    if old.endpoint != new.endpoint {
        moved.push("s3.endpoint");
    }
    moved
}

fn replacement(mut txn: Txn, old: &Datastore, new: &Datastore) -> Result<Txn, Error> {
    let record = record::encode(new).map_err(Error::Internal)?;
    txn = txn.put(keys::datastore(&new.id), record);
    if Place::of(&old.s3) != Place::of(&new.s3) {
        txn = linked(unlinked(txn, old), new);
    }
    if old.display_name != new.display_name {
        let (from, to) = (
            keys::by_display_name(&old.display_name),
            keys::by_display_name(&new.display_name),
        );
        let id = new.id.as_str().as_bytes().to_vec();
        txn = txn
            .guard(Guard::Absent(to.clone()))
            .delete(from)
            .put(to, id);
    }
    Ok(txn)
}
