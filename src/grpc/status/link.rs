//! The statuses of links that are refused.

use tonic::Status;
use tonic_types::StatusExt;

use super::{Code, info, precondition};
use crate::model::error::Unseen;
use crate::model::link::LinkError;
use crate::model::name::DatastoreName;
use crate::pb::ErrorReason;

pub(super) fn to_status(error: &LinkError, message: String) -> Status {
    let of_one = |reason, name: &DatastoreName| {
        let name = name.to_string();
        let metadata = vec![("name", name.clone())];
        precondition(reason, ("LINK", &name), metadata, message.clone())
    };
    match error {
        LinkError::Itself(name) => of_one(ErrorReason::LinkToItself, name),
        LinkError::NotASource(name) => of_one(ErrorReason::NotASource, name),
        LinkError::NotAnEnrichment(name) => of_one(ErrorReason::NotAnEnrichmentDatastore, name),
        LinkError::NotLinked(name) => of_one(ErrorReason::EnrichmentNotLinked, name),
        LinkError::Overlap {
            source_name,
            enrichment,
        } => {
            let enrichment = enrichment.to_string();
            let subject = ("LOCATION", &*enrichment);
            let metadata = vec![
                ("source", source_name.to_string()),
                ("enrichment_datastore", enrichment.clone()),
            ];
            precondition(ErrorReason::LocationsOverlap, subject, metadata, message)
        }
        LinkError::Shared {
            enrichment,
            held_by,
        } => {
            let enrichment = enrichment.to_string();
            let subject = ("PREFIX", &*enrichment);
            let metadata = vec![
                ("enrichment_datastore", enrichment.clone()),
                ("held_by", held_by.to_string()),
            ];
            precondition(ErrorReason::PrefixShared, subject, metadata, message)
        }
        LinkError::InUse {
            name,
            sources,
            more,
        } => in_use(name, sources, *more, message),
    }
}

/// One violation for each source that is named.
fn in_use(name: &DatastoreName, sources: &[DatastoreName], more: bool, message: String) -> Status {
    let named: Vec<String> = sources.iter().map(ToString::to_string).collect();
    let metadata = [
        ("name", name.to_string()),
        ("sources", named.join(",")),
        ("more", more.to_string()),
    ];
    let mut details = info(ErrorReason::EnrichmentInUse, metadata);
    for source in named {
        details.add_precondition_failure_violation("LINK", source, "is linked to it");
    }
    Status::with_error_details(Code::FailedPrecondition, message, details)
}

/// The status of a write that a datastore is in the way of which is not named. Its reason is that of the same write with a name.
pub(super) fn unseen(unseen: &Unseen, message: String) -> Status {
    let (reason, kind, name) = match unseen {
        Unseen::DisplayName(display_name) => {
            let metadata = [("display_name", display_name.clone())];
            let details = info(ErrorReason::DisplayNameTaken, metadata);
            return Status::with_error_details(Code::AlreadyExists, message, details);
        }
        Unseen::Prefix(name) => (ErrorReason::PrefixShared, "PREFIX", name),
        Unseen::Location(name) => (ErrorReason::LocationsOverlap, "LOCATION", name),
        Unseen::Sources(name) => (ErrorReason::EnrichmentInUse, "LINK", name),
    };
    let name = name.to_string();
    precondition(reason, (kind, &name), vec![("name", name.clone())], message)
}
