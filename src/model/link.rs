//! Which datastores may be linked: a source to an enrichment datastore that lies elsewhere.

use super::datastore::Datastore;
use super::name::{DatastoreId, DatastoreName};
use super::place::Place;
use super::role::Role;

/// Why datastores are not linked, or not unlinked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LinkError {
    /// Both are the same datastore.
    #[error("{0} cannot be linked to itself; name an enrichment datastore")]
    Itself(DatastoreName),
    /// What was to be linked is no source.
    #[error("{0} is an enrichment datastore, and only a source has one; name a source")]
    NotASource(DatastoreName),
    /// What it was to be linked to is no enrichment datastore.
    #[error("{0} is a source; name an enrichment datastore")]
    NotAnEnrichment(DatastoreName),
    /// What is written to the one would be read as data of the other.
    #[error(
        "the locations of the source and of the enrichment datastore are equal, or one lies in the other, so that what is written to the one would be scanned as data of the other; give one of them another bucket or prefix"
    )]
    Overlap {
        /// The source.
        source_name: DatastoreName,
        /// The enrichment datastore.
        enrichment: DatastoreName,
    },
    /// Another enrichment datastore writes there too.
    #[error(
        "{held_by} holds the prefix of the enrichment datastore, or one in it or around it; choose another prefix, or send share_prefix if both are to write there"
    )]
    Shared {
        /// The enrichment datastore.
        enrichment: DatastoreName,
        /// Who holds its prefix.
        held_by: DatastoreName,
    },
    /// An enrichment datastore that sources are linked to cannot go.
    #[error(
        "{} linked to {name}: {}; unlink them, or send force, which does", if *.more { "more sources than are named here are" } else { "sources are" },
        .sources.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
    )]
    InUse {
        /// The enrichment datastore.
        name: DatastoreName,
        /// The first of its sources.
        sources: Vec<DatastoreName>,
        /// Whether there are more.
        more: bool,
    },
    /// There is no link.
    #[error("{0} is not linked to an enrichment datastore; link one with LinkEnrichment")]
    NotLinked(DatastoreName),
}

/// Whether a source may be linked to an enrichment datastore.
///
/// # Errors
/// [`LinkError::Itself`], [`LinkError::NotASource`], [`LinkError::NotAnEnrichment`], [`LinkError::Overlap`].
pub fn check(source: &Datastore, enrichment: &Datastore) -> Result<(), LinkError> {
    let name = |id: &DatastoreId| DatastoreName::new(id.clone());
    if source.id == enrichment.id {
        Err(LinkError::Itself(name(&source.id)))
    } else if source.role != Role::Source {
        Err(LinkError::NotASource(name(&source.id)))
    } else if enrichment.role != Role::Enrichment {
        Err(LinkError::NotAnEnrichment(name(&enrichment.id)))
    } else if Place::of(&source.s3).overlaps(&Place::of(&enrichment.s3)) {
        Err(LinkError::Overlap {
            source_name: name(&source.id),
            enrichment: name(&enrichment.id),
        })
    } else {
        Ok(())
    }
}
