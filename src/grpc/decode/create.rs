//! `CreateDatastore`: one datastore, or a source and its enrichment datastore.

use super::{
    Fields, labels, name, optional, optional_role, proof, request_id, required_role, s3::s3_config,
};
use crate::admission::Proofs;
use crate::model::Error;
use crate::model::credentials::CredentialsPolicy;
use crate::model::error::Violation;
use crate::model::name::{DatastoreId, DisplayName};
use crate::model::proof::Proof;
use crate::model::role::Role;
use crate::pb;
use crate::pb::create_datastore_request::Enrichment as Asked;
use crate::registry::{Create, Enrichment, New};

pub(in crate::grpc) fn create(
    request: pb::CreateDatastoreRequest,
    policy: CredentialsPolicy,
) -> Result<(Create, Proofs), Error> {
    let mut fields = Fields::default();
    let request_id = request_id(
        "CreateDatastore",
        &request,
        |r| &mut r.request_id,
        &mut fields,
    );
    let skip = request.skip_connection_test;
    let new = new(request.datastore, &request.datastore_id, None, &mut fields);
    let first = proof(
        "connection_test",
        &request.connection_test,
        skip,
        &mut fields,
    );
    let (enrichment, second) = enrichment(request.enrichment, skip, &mut fields);
    if let (Some(new), Some(enrichment)) = (&new, &enrichment) {
        refuse_clash(new, enrichment, &mut fields);
    }
    match (new, enrichment) {
        (Some(new), Some(enrichment)) if fields.0.is_empty() => {
            policy.check(&new.s3.credentials)?;
            if let Enrichment::New(second) = &enrichment {
                policy.check(&second.s3.credentials)?;
            }
            let create = Create {
                new,
                enrichment,
                share_prefix: request.share_prefix,
                request: request_id,
                validate_only: request.validate_only,
                audit: None,
            };
            let proofs = Proofs {
                first,
                enrichment: second,
            };
            Ok((create, proofs))
        }
        _ => Err(fields.error()),
    }
}

/// A datastore that is to be created; of this role, if it is known from elsewhere.
fn new(
    datastore: Option<pb::Datastore>,
    id: &str,
    role: Option<Role>,
    fields: &mut Fields,
) -> Option<New> {
    let id = fields.take("datastore_id", optional(id, DatastoreId::parse));
    let Some(datastore) = datastore else {
        fields.refuse("datastore", "is required; send the datastore to create");
        return None;
    };
    if !datastore.name.is_empty() {
        let message = "is given by the server on create; leave it empty and use datastore_id";
        fields.refuse("datastore.name", message);
    }
    let display_name = DisplayName::parse(&datastore.display_name);
    let display_name = fields.take("datastore.display_name", display_name);
    let role = match role {
        Some(role) => only_role(role, datastore.role, fields),
        None => required_role("datastore.role", datastore.role, fields),
    };
    let labels = labels(&datastore, fields);
    let s3 = s3_config(&datastore, fields);
    Some(New {
        id: id?,
        display_name: display_name?,
        role: role?,
        s3: s3?,
        labels: labels?,
        tested: None,
    })
}

/// The role that it must have, if it is given at all.
fn only_role(role: Role, value: i32, fields: &mut Fields) -> Option<Role> {
    let given = optional_role("datastore.role", value, fields)?;
    if given.is_none_or(|given| given == role) {
        return Some(role);
    }
    let message = format!("must be ROLE_{role} here; leave it out");
    fields.refuse("datastore.role", message);
    None
}

/// The enrichment datastore that was asked for, and how its connection is to be proven.
fn enrichment(
    asked: Option<Asked>,
    skip: bool,
    fields: &mut Fields,
) -> (Option<Enrichment>, Proof) {
    match asked {
        None => (Some(Enrichment::None), Proof::Skip),
        Some(Asked::EnrichmentDatastore(text)) => {
            let id = name("enrichment_datastore", &text, fields);
            (id.map(Enrichment::Existing), Proof::Skip)
        }
        Some(Asked::NewEnrichment(asked)) => {
            let mut own = Fields::default();
            let role = Some(Role::Enrichment);
            let new = new(asked.datastore, &asked.datastore_id, role, &mut own);
            let proof = proof("connection_test", &asked.connection_test, skip, &mut own);
            fields
                .0
                .extend(own.0.into_iter().map(|violation| Violation {
                    field: format!("new_enrichment.{}", violation.field),
                    ..violation
                }));
            (new.map(|new| Enrichment::New(Box::new(new))), proof)
        }
    }
}

/// Refuses two new datastores with one name.
fn refuse_clash(new: &New, enrichment: &Enrichment, fields: &mut Fields) {
    let Enrichment::New(second) = enrichment else {
        return;
    };
    if second.display_name == new.display_name {
        let field = "new_enrichment.datastore.display_name";
        fields.refuse(field, "is the source's too; give it another one");
    }
    if second.id.is_some() && second.id == new.id {
        let field = "new_enrichment.datastore_id";
        fields.refuse(field, "is the source's too; give it another one");
    }
}
