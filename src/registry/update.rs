//! Changing a datastore: the named fields, guarded by the revision that was read.

use super::delete::refuse_stale;
use super::{Registry, Request, Stored, keys, record, unavailable};
use crate::model::Error;
use crate::model::certificates::Certificates;
use crate::model::credentials::Credentials;
use crate::model::datastore::{AddressingStyle, Datastore, S3Config};
use crate::model::endpoint::Endpoint;
use crate::model::error::Violation;
use crate::model::location::Location;
use crate::model::name::{DatastoreId, DatastoreName, DisplayName, Labels};
use crate::model::region::Region;
use crate::model::role::Role;
use crate::store::{self, Guard, Revision, Store, Txn};

/// A change of a datastore.
#[derive(Clone, Debug)]
pub struct Update {
    /// Which.
    pub id: DatastoreId,
    /// Only if this is its revision.
    pub revision: Option<Revision>,
    /// What to change.
    pub change: Change,
    /// What makes a retry safe.
    pub request: Option<Request>,
    /// Check everything, store nothing.
    pub validate_only: bool,
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

impl<S: Store> Registry<S> {
    /// Changes a datastore, or returns what an earlier update with the same request id returned.
    ///
    /// # Errors
    /// [`Error::DatastoreNotFound`], [`Error::EtagMismatch`], [`Error::CredentialsRequired`], [`Error::DisplayNameTaken`],
    /// [`Error::RequestIdReused`], [`Error::StoreUnavailable`].
    pub async fn update(&self, update: Update) -> Result<Stored, Error> {
        loop {
            if let Some(earlier) = self.earlier(update.request).await? {
                return earlier.ok_or(Error::Internal(
                    "an update's request id has no result".into(),
                ));
            }
            let stored = self.get(&update.id).await?;
            refuse_stale(&update.id, update.revision, stored.revision)?;
            let old = stored.datastore;
            let mut new = changed(&old, &update.change)?;
            if new.display_name != old.display_name {
                self.refuse_display_name(&new.display_name).await?;
            }
            new.update_time = (self.now)().max(old.update_time);
            if update.validate_only {
                return Ok(Stored {
                    datastore: new,
                    revision: stored.revision,
                });
            }
            let txn = replacement(&old, &new, stored.revision)?;
            let txn = self.remember(txn, update.request, Some(&new)).await?;
            match self.store.commit(txn).await {
                Ok(revision) => {
                    return Ok(Stored {
                        datastore: new,
                        revision: Some(revision),
                    });
                }
                Err(store::Error::Conflict { .. }) => {}
                Err(error) => return Err(unavailable(error)),
            }
        }
    }
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

fn replacement(old: &Datastore, new: &Datastore, revision: Option<Revision>) -> Result<Txn, Error> {
    let key = keys::datastore(&new.id);
    let record = record::encode(new).map_err(Error::Internal)?;
    let mut txn = Txn::new();
    if let Some(revision) = revision {
        txn = txn.guard(Guard::At(key.clone(), revision));
    }
    txn = txn.put(key, record);
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
