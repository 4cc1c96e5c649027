//! The entries that point to a datastore: its record has to say the same.

use super::datastores::Found;
use super::{Remedy, Walk, named, unreadable};
use crate::model::Error;
use crate::model::datastore::Datastore;
use crate::model::name::DatastoreId;
use crate::model::place::Place;
use crate::model::role::Role;
use crate::registry::{connection, keys};
use crate::store::{Entry, Store};

impl<S: Store> Walk<'_, S> {
    pub(super) async fn name(&mut self, entry: &Entry) -> Result<(), Error> {
        let expected = |d: &Datastore| Some(keys::by_display_name(&d.display_name));
        self.pointer(entry, expected).await
    }

    pub(super) async fn time(&mut self, entry: &Entry) -> Result<(), Error> {
        let expected = |d: &Datastore| Some(keys::by_create_time(d.create_time, &d.id));
        self.pointer(entry, expected).await
    }

    pub(super) async fn source(&mut self, entry: &Entry) -> Result<(), Error> {
        let expected = |d: &Datastore| Some(keys::source(d.enrichment.as_ref()?, &d.id));
        self.pointer(entry, expected).await
    }

    pub(super) async fn source_place(&mut self, entry: &Entry) -> Result<(), Error> {
        let expected = |d: &Datastore| {
            let enrichment = d.enrichment.as_ref()?;
            Some(keys::source_at(enrichment, &Place::of(&d.s3), &d.id))
        };
        self.pointer(entry, expected).await
    }

    /// The entry by which an enrichment datastore holds its prefix.
    pub(super) async fn holder(&mut self, entry: &Entry) -> Result<(), Error> {
        let expected = |d: &Datastore| {
            (d.role == Role::Enrichment).then(|| keys::enrichment_at(&Place::of(&d.s3), &d.id))
        };
        self.pointer(entry, expected).await
    }

    pub(super) async fn sources_mark(&mut self, entry: &Entry) -> Result<(), Error> {
        let expected =
            |d: &Datastore| (d.role == Role::Enrichment).then(|| keys::sources_changed(&d.id));
        match last_part(&entry.key) {
            Ok(id) => self.points_to(entry, &id, expected).await,
            Err(error) => {
                self.wrong(entry, unreadable(&error), Remedy::Restore);
                Ok(())
            }
        }
    }

    pub(super) async fn connection(&mut self, entry: &Entry) -> Result<(), Error> {
        self.readable(entry, connection::decoded(entry).map(drop));
        match last_part(&entry.key) {
            Ok(id) => {
                self.points_to(entry, &id, |d| Some(keys::connection(&d.id)))
                    .await
            }
            Err(error) => {
                self.wrong(entry, unreadable(&error), Remedy::Restore);
                Ok(())
            }
        }
    }

    /// An entry whose value is the id of a datastore, the record of which leads to the key `expected`.
    async fn pointer(
        &mut self,
        entry: &Entry,
        expected: fn(&Datastore) -> Option<Vec<u8>>,
    ) -> Result<(), Error> {
        match keys::id_in(&entry.value) {
            Ok(id) => self.points_to(entry, &id, expected).await,
            Err(error) => {
                self.wrong(entry, unreadable(&error), Remedy::Restore);
                Ok(())
            }
        }
    }

    async fn points_to(
        &mut self,
        entry: &Entry,
        id: &DatastoreId,
        expected: fn(&Datastore) -> Option<Vec<u8>>,
    ) -> Result<(), Error> {
        match self.found(id).await? {
            Found::Unreadable => {}
            Found::Datastore(datastore) if expected(&datastore).as_ref() == Some(&entry.key) => {}
            Found::Datastore(_) => {
                let says = format!("points to {}, whose record says otherwise", named(id));
                self.wrong(entry, says, Remedy::Restore);
            }
            Found::Nothing => {
                let says = format!("points to {}, which does not exist", named(id));
                self.wrong(entry, says, Remedy::Restore);
            }
        }
        Ok(())
    }
}

/// The id at the end of a key.
fn last_part(key: &[u8]) -> Result<DatastoreId, Error> {
    let part = key.rsplit(|byte| *byte == b'/').next();
    keys::id_in(part.unwrap_or_default())
}
