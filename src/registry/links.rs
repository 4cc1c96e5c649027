//! Linking sources to enrichment datastores, and the index entries of links.
//!
//! A link touches a fixed number of entries, however many sources an enrichment datastore has: its place among the sources by id, that among them by
//! location, and the mark that they have changed.

use std::sync::Arc;

use super::get::seen;
use super::places::as_read;
use super::{Registry, Request, Stored, keys, record, refuse_stale, unavailable, unchanged};
use crate::model::Error;
use crate::model::audit::{Attempt, Event};
use crate::model::datastore::Datastore;
use crate::model::link::{self, LinkError};
use crate::model::name::{DatastoreId, DatastoreName, Labels};
use crate::model::place::Place;
use crate::store::{self, Entry, Revision, Scan, Store, Txn};

/// A link to be made or taken away.
#[derive(Clone, Debug)]
pub struct Link {
    /// The source.
    pub id: DatastoreId,
    /// The enrichment datastore; `None` takes the link away.
    pub enrichment: Option<DatastoreId>,
    /// Whether another enrichment datastore may hold the prefix too.
    pub share_prefix: bool,
    /// Only if the source has all of these labels.
    pub seen_by: Labels,
    /// Only if this is the source's revision.
    pub revision: Option<Revision>,
    /// What makes a retry safe.
    pub request: Option<Request>,
    /// Check everything, store nothing.
    pub validate_only: bool,
    /// Whose event is to be in the same commit.
    pub audit: Option<Arc<Attempt>>,
}

impl<S: Store> Registry<S> {
    /// Links a source, in the place of the link that it had, or takes its link away.
    ///
    /// # Errors
    /// [`Error::DatastoreNotFound`], [`Error::EtagMismatch`], [`Error::Link`], [`Error::RequestIdReused`], [`Error::StoreUnavailable`].
    pub async fn link(&self, link: Link) -> Result<Stored, Error> {
        let request = link.request;
        let done = self.try_to_link(link).await;
        self.or_earlier(request, done).await
    }

    async fn try_to_link(&self, link: Link) -> Result<Stored, Error> {
        loop {
            if let Some(earlier) = self.earlier(link.request).await? {
                return earlier.ok_or(Error::Internal("a link's request id has no result".into()));
            }
            let stored = seen(&link.seen_by, self.get(&link.id).await?)?;
            refuse_stale(&link.id, link.revision, stored.revision)?;
            let old = &stored.datastore;
            let mut new = old.clone();
            let mut txn = unchanged(Txn::new(), &stored);
            if let Some(enrichment) = &link.enrichment {
                txn = self
                    .linkable(txn, old, enrichment, link.share_prefix)
                    .await?;
            } else if old.enrichment.is_none() {
                let name = DatastoreName::new(link.id.clone());
                return Err(LinkError::NotLinked(name).into());
            }
            new.enrichment.clone_from(&link.enrichment);
            new.update_time = (self.now)().max(old.update_time);
            if link.validate_only {
                return Ok(Stored {
                    datastore: new,
                    ..stored
                });
            }
            let record = record::encode(&new).map_err(Error::Internal)?;
            txn = unlinked(txn, old).put(keys::datastore(&new.id), record);
            txn = linked(txn, &new);
            txn = self.remember(txn, link.request, Some(&new)).await?;
            let event = self.change(link.audit.as_ref());
            let event = event.map(|event| told(event, old, &new));
            if let Some(revision) = self.committed_with(txn, event).await? {
                return Ok(Stored {
                    datastore: new,
                    revision: Some(revision),
                    connection: stored.connection,
                });
            }
        }
    }

    /// Guards that `source` may be linked to `enrichment` when the transaction is committed.
    pub(super) async fn linkable(
        &self,
        txn: Txn,
        source: &Datastore,
        enrichment: &DatastoreId,
        share_prefix: bool,
    ) -> Result<Txn, Error> {
        let target = self.get(enrichment).await?;
        link::check(source, &target.datastore)?;
        let txn = unchanged(txn, &target);
        self.holding(txn, &target.datastore, share_prefix).await
    }

    /// The sources of an enrichment datastore, by id; the first `limit` of them after one.
    pub(super) async fn sources(
        &self,
        enrichment: &DatastoreId,
        after: Option<&DatastoreId>,
        limit: usize,
    ) -> Result<Vec<DatastoreId>, Error> {
        let scan = Scan {
            prefix: keys::sources(enrichment),
            after: after.map(|id| keys::source(enrichment, id)),
            limit,
            direction: store::Direction::Ascending,
        };
        let entries = self.store.scan(scan).await.map_err(unavailable)?;
        entries.iter().map(|e| keys::id_in(&e.value)).collect()
    }

    /// Guards that no source comes to, goes from or moves under an enrichment datastore until the transaction is committed.
    pub(super) async fn sources_as_they_are(
        &self,
        txn: Txn,
        enrichment: &DatastoreId,
    ) -> Result<Txn, Error> {
        let key = keys::sources_changed(enrichment);
        let entry = self.store.get(&key).await.map_err(unavailable)?;
        Ok(txn.guard(as_read(key, entry.as_ref())))
    }

    /// Refuses a new place for an enrichment datastore that one of its sources overlaps with.
    pub(super) async fn refuse_overlap(&self, moved: &Datastore) -> Result<(), Error> {
        let place = Place::of(&moved.s3);
        let mut prefixes = vec![keys::sources_in(&moved.id, &place)];
        prefixes.extend(place.around().map(|p| keys::sources_at(&moved.id, &p)));
        for prefix in prefixes {
            if let Some(entry) = self.first(prefix).await? {
                return Err(LinkError::Overlap {
                    source_name: DatastoreName::new(keys::id_in(&entry.value)?),
                    enrichment: DatastoreName::new(moved.id.clone()),
                }
                .into());
            }
        }
        Ok(())
    }

    async fn first(&self, prefix: Vec<u8>) -> Result<Option<Entry>, Error> {
        let scan = Scan {
            prefix,
            after: None,
            limit: 1,
            direction: store::Direction::Ascending,
        };
        Ok(self.store.scan(scan).await.map_err(unavailable)?.pop())
    }
}

/// The event of a link, or of an unlink, with the enrichment datastore that it was to.
fn told(event: Event, old: &Datastore, new: &Datastore) -> Event {
    let enrichment = new.enrichment.as_ref().or(old.enrichment.as_ref());
    Event {
        enrichment: enrichment.map(|id| DatastoreName::new(id.clone()).to_string()),
        ..event
    }
}

/// Adds the entries of a source's link, if it has one.
pub(super) fn linked(txn: Txn, source: &Datastore) -> Txn {
    let Some(enrichment) = &source.enrichment else {
        return txn;
    };
    let id = source.id.as_str().as_bytes().to_vec();
    let place = Place::of(&source.s3);
    txn.put(keys::source(enrichment, &source.id), id.clone())
        .put(keys::source_at(enrichment, &place, &source.id), id)
        .put(keys::sources_changed(enrichment), Vec::new())
}

/// Takes the entries of a source's link away, if it has one.
pub(super) fn unlinked(txn: Txn, source: &Datastore) -> Txn {
    let Some(enrichment) = &source.enrichment else {
        return txn;
    };
    let place = Place::of(&source.s3);
    txn.delete(keys::source(enrichment, &source.id))
        .delete(keys::source_at(enrichment, &place, &source.id))
        .put(keys::sources_changed(enrichment), Vec::new())
}
