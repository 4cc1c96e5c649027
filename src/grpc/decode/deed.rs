//! What the audit is told of a request; nothing of one that only validates.
//!
//! It is read before the request is checked, since a refusal has an event, too. A request with bad fields has none, so no text that was not checked
//! gets any further.

use uuid::Uuid;

use crate::grpc::field_mask;
use crate::model::audit::{Action, Deed};
use crate::model::location::Location;
use crate::pb;
use crate::pb::create_datastore_request::Enrichment;
use crate::pb::test_connection_request::Target;

pub(in crate::grpc) fn create(request: &pb::CreateDatastoreRequest) -> Option<Deed> {
    let enrichment = match &request.enrichment {
        Some(Enrichment::EnrichmentDatastore(name)) => Some(name.clone()),
        Some(Enrichment::NewEnrichment(new)) => {
            Some(to_be(&new.datastore_id, new.datastore.as_ref()))
        }
        None => None,
    };
    (!request.validate_only).then(|| Deed {
        enrichment,
        request_id: id(&request.request_id),
        ..deed(
            Action::CreateDatastore,
            to_be(&request.datastore_id, request.datastore.as_ref()),
        )
    })
}

pub(in crate::grpc) fn update(request: &pb::UpdateDatastoreRequest) -> Option<Deed> {
    let datastore = request.datastore.as_ref()?;
    let (fields, _) = field_mask::fields(request.update_mask.as_ref(), datastore);
    let mut changed_fields: Vec<String> = Vec::new();
    for field in fields {
        if !changed_fields.iter().any(|known| known == field.path()) {
            changed_fields.push(field.path().to_owned());
        }
    }
    (!request.validate_only).then(|| Deed {
        changed_fields,
        request_id: id(&request.request_id),
        ..deed(Action::UpdateDatastore, datastore.name.clone())
    })
}

pub(in crate::grpc) fn delete(request: &pb::DeleteDatastoreRequest) -> Option<Deed> {
    (!request.validate_only).then(|| Deed {
        request_id: id(&request.request_id),
        ..deed(Action::DeleteDatastore, request.name.clone())
    })
}

pub(in crate::grpc) fn link(request: &pb::LinkEnrichmentRequest) -> Option<Deed> {
    (!request.validate_only).then(|| Deed {
        enrichment: Some(request.enrichment_datastore.clone()),
        request_id: id(&request.request_id),
        ..deed(Action::LinkEnrichment, request.name.clone())
    })
}

pub(in crate::grpc) fn unlink(request: &pb::UnlinkEnrichmentRequest) -> Option<Deed> {
    (!request.validate_only).then(|| Deed {
        request_id: id(&request.request_id),
        ..deed(Action::UnlinkEnrichment, request.name.clone())
    })
}

pub(in crate::grpc) fn claim(request: &pb::ClaimPrefixRequest) -> Deed {
    deed(Action::ClaimPrefix, request.name.clone())
}

pub(in crate::grpc) fn release(request: &pb::ReleasePrefixRequest) -> Deed {
    deed(Action::ReleasePrefix, request.name.clone())
}

pub(in crate::grpc) fn test(request: &pb::TestConnectionRequest) -> Option<Deed> {
    let resource = match request.target.as_ref()? {
        Target::Name(name) => name.clone(),
        Target::Datastore(datastore) => uri(datastore),
    };
    Some(deed(Action::TestConnection, resource))
}

fn deed(action: Action, resource: String) -> Deed {
    Deed {
        action,
        resource,
        enrichment: None,
        changed_fields: Vec::new(),
        request_id: None,
    }
}

/// The name that a new datastore asks for; otherwise where it is, until it has one.
fn to_be(datastore_id: &str, datastore: Option<&pb::Datastore>) -> String {
    if datastore_id.is_empty() {
        datastore.map(uri).unwrap_or_default()
    } else {
        format!("datastores/{datastore_id}")
    }
}

/// The location in normal form.
fn uri(datastore: &pb::Datastore) -> String {
    let uri = field_mask::s3(datastore).map_or("", |s3| &s3.uri);
    Location::parse(uri).map_or(String::new(), |location| location.to_string())
}

fn id(text: &str) -> Option<Uuid> {
    Uuid::try_parse(text).ok()
}
