//! `LinkEnrichment` and `UnlinkEnrichment`.

use super::{Fields, etag, name, request_id};
use crate::model::Error;
use crate::model::name::Labels;
use crate::pb;
use crate::registry::Link;

pub(in crate::grpc) fn link(request: &pb::LinkEnrichmentRequest) -> Result<Link, Error> {
    let mut fields = Fields::default();
    let request_id = request_id(
        "LinkEnrichment",
        request,
        |r| &mut r.request_id,
        &mut fields,
    );
    let id = name("name", &request.name, &mut fields);
    let to = &request.enrichment_datastore;
    let enrichment = name("enrichment_datastore", to, &mut fields);
    match (id, enrichment) {
        (Some(id), Some(enrichment)) if fields.0.is_empty() => Ok(Link {
            seen_by: Labels::default(),
            id,
            enrichment: Some(enrichment),
            share_prefix: request.share_prefix,
            revision: etag(&request.etag),
            request: request_id,
            validate_only: request.validate_only,
            audit: None,
        }),
        _ => Err(fields.error()),
    }
}

pub(in crate::grpc) fn unlink(request: &pb::UnlinkEnrichmentRequest) -> Result<Link, Error> {
    let mut fields = Fields::default();
    let request_id = request_id(
        "UnlinkEnrichment",
        request,
        |r| &mut r.request_id,
        &mut fields,
    );
    match name("name", &request.name, &mut fields) {
        Some(id) if fields.0.is_empty() => Ok(Link {
            seen_by: Labels::default(),
            id,
            enrichment: None,
            share_prefix: false,
            revision: etag(&request.etag),
            request: request_id,
            validate_only: request.validate_only,
            audit: None,
        }),
        _ => Err(fields.error()),
    }
}
