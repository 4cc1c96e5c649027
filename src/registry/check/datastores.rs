//! What the record of a datastore needs: its index entries, its secrets, and both ends of its link.

use super::{Needed, Remedy, Walk, named, why};
use crate::model::Error;
use crate::model::credentials::Credentials;
use crate::model::datastore::Datastore;
use crate::model::error::BoxError;
use crate::model::link;
use crate::model::name::DatastoreId;
use crate::model::place::Place;
use crate::model::role::Role;
use crate::registry::{keys, record, residue, unavailable};
use crate::store::{Entry, Store};

/// What stands under the name of a datastore.
pub(super) enum Found {
    Nothing,
    /// That is told where the record itself is looked at.
    Unreadable,
    Datastore(Box<Datastore>),
}

impl<S: Store> Walk<'_, S> {
    pub(super) async fn datastore(&mut self, entry: &Entry) -> Result<(), Error> {
        self.checked.datastores += 1;
        self.owners += 1;
        let datastore = match self.record(entry) {
            Ok(datastore) => datastore,
            Err(error) => {
                self.unreadable += 1;
                self.wrong(entry, why(error.as_ref()), Remedy::Restore);
                return Ok(());
            }
        };
        let id = datastore.id.as_str().as_bytes();
        let by_name = keys::by_display_name(&datastore.display_name);
        self.needs(entry, by_name, id, Remedy::Rename).await?;
        let by_time = keys::by_create_time(datastore.create_time, &datastore.id);
        self.needs(entry, by_time, id, Remedy::Restore).await?;
        if datastore.claim.is_some() && datastore.role != Role::Enrichment {
            self.wrong(entry, "is a source, and has a claim", Remedy::Restore);
        }
        if let Credentials::Sealed(_) = datastore.s3.credentials {
            self.has_secrets(
                entry,
                &keys::secrets(datastore.uid),
                Remedy::SendCredentials,
            )
            .await?;
        }
        match &datastore.enrichment {
            Some(enrichment) => self.link(entry, &datastore, enrichment).await,
            None => Ok(()),
        }
    }

    /// What a connection test may have left.
    pub(super) async fn leftover(&mut self, entry: &Entry) -> Result<(), Error> {
        self.owners += 1;
        let leftover = match residue::decode(entry) {
            Ok(leftover) => leftover,
            Err(error) => {
                self.unreadable += 1;
                self.wrong(entry, why(error.as_ref()), Remedy::Restore);
                return Ok(());
            }
        };
        if entry.key != keys::leftover(&leftover.s3, leftover.test_id) {
            let says = "stands under a place or a test that is not its own";
            self.wrong(entry, says, Remedy::Restore);
        }
        if let Credentials::Sealed(_) = leftover.s3.credentials {
            self.has_secrets(entry, &keys::secrets(leftover.test_id), Remedy::Restore)
                .await?;
        }
        Ok(())
    }

    /// The datastore of this name.
    pub(super) async fn found(&self, id: &DatastoreId) -> Result<Found, Error> {
        let entry = self.store.get(&keys::datastore(id)).await;
        Ok(match entry.map_err(unavailable)? {
            None => Found::Nothing,
            Some(entry) => match self.record(&entry) {
                Ok(datastore) => Found::Datastore(Box::new(datastore)),
                Err(_) => Found::Unreadable,
            },
        })
    }

    /// The datastore in an entry. Secrets may stand in it only until a version that seals has opened the store.
    pub(super) fn record(&self, entry: &Entry) -> Result<Datastore, BoxError> {
        let may_be_unsealed = match &self.needed {
            Needed::Absent => true,
            Needed::These(needed) => needed.may_have_unsealed(),
            Needed::Unreadable => false,
        };
        let datastore = if may_be_unsealed {
            record::decode_unsealed(&entry.value)?
        } else {
            record::decode(&entry.value)?
        };
        if entry.key != keys::datastore(&datastore.id) {
            return Err("a datastore's record stands under another one's name".into());
        }
        Ok(datastore)
    }

    async fn has_secrets(
        &mut self,
        entry: &Entry,
        key: &[u8],
        remedy: Remedy,
    ) -> Result<(), Error> {
        let secrets = self.store.get(key).await.map_err(unavailable)?;
        if secrets.is_none() {
            self.wrong(entry, "its credentials are missing", remedy);
        }
        Ok(())
    }

    async fn link(
        &mut self,
        entry: &Entry,
        source: &Datastore,
        enrichment: &DatastoreId,
    ) -> Result<(), Error> {
        let target = match self.found(enrichment).await? {
            Found::Datastore(target) => target,
            Found::Unreadable => return Ok(()),
            Found::Nothing => {
                let says = format!("is linked to {}, which does not exist", named(enrichment));
                self.wrong(entry, says, Remedy::Link);
                return Ok(());
            }
        };
        if let Err(error) = link::check(source, &target) {
            let says = format!("is linked to {}: {error}", named(enrichment));
            self.wrong(entry, says, Remedy::Restore);
        }
        let id = source.id.as_str().as_bytes();
        let place = Place::of(&source.s3);
        let entries = [
            (keys::source(enrichment, &source.id), id),
            (keys::source_at(enrichment, &place, &source.id), id),
            (keys::sources_changed(enrichment), b""),
        ];
        for (key, value) in entries {
            self.needs(entry, key, value, Remedy::Link).await?;
        }
        let held = keys::enrichment_at(&Place::of(&target.s3), enrichment);
        self.needs(entry, held, enrichment.as_str().as_bytes(), Remedy::Link)
            .await
    }
}
