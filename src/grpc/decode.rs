//! From request messages to domain values, with every bad field found at once. Behind this nothing is checked twice.

mod access_key;
mod assume_role;
mod audit;
mod connection_test;
mod create;
pub(super) mod deed;
mod history;
mod iam_policy;
mod links;
mod s3;

use prost::Message;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::encode;
use super::field_mask::{self, Field};
use super::page_token;
use crate::model::Error;
use crate::model::connection_test::TestName;
use crate::model::credentials::CredentialsPolicy;
use crate::model::error::Violation;
use crate::model::filter::Filter;
use crate::model::name::{DatastoreId, DatastoreName, DisplayName, LabelError, Labels};
use crate::model::order::OrderBy;
use crate::model::proof::Proof;
use crate::model::role::Role;
use crate::pb;
use crate::registry::{Change, Delete, Proven, Query, Request, Update};
use crate::store::Revision;

pub(super) use audit::audit_events;
pub(super) use connection_test::{Test, TestTarget, test};
pub(super) use create::create;
pub(super) use history::{connection_test, connection_tests};
pub(super) use iam_policy::{IamPolicy, Place, PolicyTarget, iam_policy};
pub(super) use links::{link, unlink};
use s3::s3_change;

const DEFAULT_PAGE_SIZE: i32 = 50;
const MAX_PAGE_SIZE: i32 = 1_000;
/// How many mistakes are listed of a field that can hold many: error details travel in HTTP trailers, which many clients
/// take only 8 KiB of.
const MAX_VIOLATIONS_OF_A_FIELD: usize = 5;

/// The bad fields found so far.
#[derive(Default)]
struct Fields(Vec<Violation>);

impl Fields {
    fn refuse(&mut self, field: &str, description: impl Into<String>) {
        self.0.push(Violation {
            field: field.to_owned(),
            description: description.into(),
        });
    }

    /// The first violations of a field that can hold many, and how many more there are.
    fn refuse_some(&mut self, field: &str, violations: Vec<Violation>) {
        let more = violations.len().saturating_sub(MAX_VIOLATIONS_OF_A_FIELD);
        self.0
            .extend(violations.into_iter().take(MAX_VIOLATIONS_OF_A_FIELD));
        if more > 0 {
            self.refuse(field, format!("has {more} more mistakes of this kind"));
        }
    }

    /// The value, or a violation of the field.
    fn take<T, E: std::fmt::Display>(&mut self, field: &str, parsed: Result<T, E>) -> Option<T> {
        parsed.map_err(|e| self.refuse(field, e.to_string())).ok()
    }

    fn error(self) -> Error {
        Error::InvalidFields(self.0)
    }

    fn into_result(self) -> Result<(), Error> {
        if self.0.is_empty() {
            Ok(())
        } else {
            Err(self.error())
        }
    }
}

/// The datastore that a request names which has nothing else.
pub(super) fn named(text: &str) -> Result<DatastoreId, Error> {
    let mut fields = Fields::default();
    name("name", text, &mut fields).ok_or_else(|| fields.error())
}

pub(super) fn list(request: &pb::ListDatastoresRequest) -> Result<Query, Error> {
    let mut fields = Fields::default();
    let page_size = page_size(
        request.page_size,
        DEFAULT_PAGE_SIZE,
        MAX_PAGE_SIZE,
        &mut fields,
    );
    let filter = fields.take("filter", Filter::parse(&request.filter));
    let order = fields.take("order_by", OrderBy::parse(&request.order_by));
    let after = if request.page_token.is_empty() {
        None
    } else {
        let after = page_token::decode(&[&request.filter, &request.order_by], &request.page_token);
        if after.is_none() {
            let message = "is no token of this query; send next_page_token of the page before, with the same filter and order_by";
            fields.refuse("page_token", message);
        }
        after
    };
    match (filter, order) {
        (Some(filter), Some(order)) if fields.0.is_empty() => Ok(Query {
            filter,
            order,
            seen_by: Labels::default(),
            page_size,
            after,
        }),
        _ => Err(fields.error()),
    }
}

/// How many results a page has: what was asked for, up to a limit; none means the default (AIP-158).
fn page_size(asked: i32, default: i32, max: i32, fields: &mut Fields) -> usize {
    if asked < 0 {
        let message = format!("must not be negative; 0 asks for the default of {default}");
        fields.refuse("page_size", message);
    }
    let size = if asked == 0 {
        default
    } else {
        asked.clamp(1, max)
    };
    usize::try_from(size).unwrap_or(1)
}

pub(super) fn update(
    request: pb::UpdateDatastoreRequest,
    policy: CredentialsPolicy,
) -> Result<(Update, Proof), Error> {
    let mut fields = Fields::default();
    let request_id = request_id(
        "UpdateDatastore",
        &request,
        |r| &mut r.request_id,
        &mut fields,
    );
    let Some(datastore) = request.datastore else {
        fields.refuse("datastore", "is required; send its name and the new values");
        return Err(fields.error());
    };
    let id = name("datastore.name", &datastore.name, &mut fields);
    let (named, unknown) = field_mask::fields(request.update_mask.as_ref(), &datastore);
    fields.refuse_some("update_mask", unknown);
    let change = change(&datastore, &named, &mut fields);
    let skip = request.skip_connection_test;
    let proof = proof(
        "connection_test",
        &request.connection_test,
        skip,
        &mut fields,
    );
    let Some(id) = id else {
        return Err(fields.error());
    };
    fields.into_result()?;
    if let Some(credentials) = &change.s3.credentials {
        policy.check(credentials)?;
    }
    let update = Update {
        uid: None,
        seen_by: Labels::default(),
        revision: etag(&datastore.etag),
        id,
        change,
        request: request_id,
        validate_only: request.validate_only,
        share_prefix: request.share_prefix,
        proven: Proven::NoChange,
        audit: None,
    };
    Ok((update, proof))
}

pub(super) fn delete(request: &pb::DeleteDatastoreRequest) -> Result<Delete, Error> {
    let mut fields = Fields::default();
    let request_id = request_id(
        "DeleteDatastore",
        request,
        |r| &mut r.request_id,
        &mut fields,
    );
    let id = name("name", &request.name, &mut fields);
    let Some(id) = id else {
        return Err(fields.error());
    };
    fields.into_result()?;
    Ok(Delete {
        revision: etag(&request.etag),
        id,
        request: request_id,
        validate_only: request.validate_only,
        force: request.force,
        seen_by: Labels::default(),
        audit: None,
    })
}

/// How a connection is to be proven.
fn proof(field: &str, test: &str, skip: bool, fields: &mut Fields) -> Proof {
    match fields.take(field, optional(test, TestName::parse)) {
        Some(Some(_)) if skip => {
            let message = "stands against skip_connection_test; send only one of them";
            fields.refuse(field, message);
            Proof::Skip
        }
        Some(Some(test)) => Proof::Passed(test),
        _ if skip => Proof::Skip,
        _ => Proof::Test,
    }
}

/// `Ok(None)` for an empty text.
fn optional<T, E>(text: &str, parse: impl Fn(&str) -> Result<T, E>) -> Result<Option<T>, E> {
    if text.is_empty() {
        return Ok(None);
    }
    parse(text).map(Some)
}

fn name(field: &str, text: &str, fields: &mut Fields) -> Option<DatastoreId> {
    let name = fields.take(field, DatastoreName::parse(text))?;
    Some(name.id().clone())
}

fn required_role(field: &str, value: i32, fields: &mut Fields) -> Option<Role> {
    let role = optional_role(field, value, fields)?;
    if role.is_none() {
        fields.refuse(field, "is required: ROLE_SOURCE or ROLE_ENRICHMENT");
    }
    role
}

/// `Some(None)` when no role is given, `None` for an unknown one.
#[expect(
    clippy::option_option,
    reason = "not given and not known are two things"
)]
fn optional_role(field: &str, value: i32, fields: &mut Fields) -> Option<Option<Role>> {
    match pb::Role::try_from(value) {
        Ok(pb::Role::Unspecified) => Some(None),
        Ok(pb::Role::Source) => Some(Some(Role::Source)),
        Ok(pb::Role::Enrichment) => Some(Some(Role::Enrichment)),
        Err(_) => {
            fields.refuse(
                field,
                format!("{value} is no role; send ROLE_SOURCE (1) or ROLE_ENRICHMENT (2)"),
            );
            None
        }
    }
}

fn labels(datastore: &pb::Datastore, fields: &mut Fields) -> Option<Labels> {
    match Labels::parse(datastore.labels.clone()) {
        Ok(labels) => Some(labels),
        Err(error) => {
            let field = "datastore.labels";
            let violation = |problem: &LabelError| Violation {
                field: field.to_owned(),
                description: problem.to_string(),
            };
            fields.refuse_some(field, error.problems().iter().map(violation).collect());
            None
        }
    }
}

fn change(datastore: &pb::Datastore, named: &[Field], fields: &mut Fields) -> Change {
    let mut change = Change::default();
    if named.contains(&Field::DisplayName) {
        let display_name = DisplayName::parse(&datastore.display_name);
        change.display_name = fields.take("datastore.display_name", display_name);
    }
    if named.contains(&Field::Labels) {
        change.labels = labels(datastore, fields);
    }
    if named.contains(&Field::Role) {
        change.role = required_role("datastore.role", datastore.role, fields);
    }
    let default = pb::S3Config::default();
    let s3 = field_mask::s3(datastore).unwrap_or(&default);
    change.s3 = s3_change(s3, named, fields);
    change
}

/// The revision in an etag. One that no revision prints is stale, not malformed: etags are opaque to callers.
fn etag(text: &str) -> Option<Revision> {
    if text.is_empty() {
        return None;
    }
    let revision = u64::from_str_radix(text, 16).map(Revision::from);
    let printed = revision.ok().filter(|r| encode::etag(*r) == text);
    // The first commit has revision 1, so that nothing is ever at 0.
    Some(printed.unwrap_or_default())
}

/// The request's id, and the digest of all else in it, which is made only if there is an id.
fn request_id<M: Message + Clone>(
    rpc: &str,
    request: &M,
    id_in: impl Fn(&mut M) -> &mut String,
    fields: &mut Fields,
) -> Option<Request> {
    let mut plain = request.clone();
    let text = std::mem::take(id_in(&mut plain));
    let id = optional(&text, Uuid::try_parse)
        .map_err(|_| "is no UUID; send one like 7d9f0f7e-3f3c-4a5b-9a52-0d4d2f6f2a11");
    let id = fields.take("request_id", id)??;
    let digest = digest(rpc, &plain);
    Some(Request { id, digest })
}

/// A digest of an RPC's name and its request.
fn digest(rpc: &str, request: &impl Message) -> [u8; 32] {
    let mut bytes = zeroize::Zeroizing::new(rpc.as_bytes().to_vec());
    // Writing to a Vec cannot fail.
    let _ = request.encode(&mut *bytes);
    Sha256::digest(&*bytes).into()
}
