//! From request messages to domain values, with every bad field found at once. Behind this nothing is checked twice.

mod assume_role;
mod create;
mod history;
mod iam_policy;
mod links;

use std::time::Duration;

use prost::Message;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::encode;
use super::field_mask::{self, Field};
use super::page_token;
use crate::model::Error;
use crate::model::certificates::Certificates;
use crate::model::connection_test::TestName;
use crate::model::credentials::{
    AccessKey, Credentials, CredentialsPolicy, MAX_ACCESS_KEY_ID, MAX_SECRET_ACCESS_KEY,
    MAX_SESSION_TOKEN,
};
use crate::model::datastore::{AddressingStyle, S3Config};
use crate::model::endpoint::Endpoint;
use crate::model::error::Violation;
use crate::model::filter::Filter;
use crate::model::location::Location;
use crate::model::name::{DatastoreId, DatastoreName, DisplayName, LabelError, Labels};
use crate::model::order::OrderBy;
use crate::model::proof::Proof;
use crate::model::region::Region;
use crate::model::role::Role;
use crate::model::secret::Secret;
use crate::pb;
use crate::registry::{Change, Delete, Proven, Query, Request, S3Change, Update};
use crate::store::Revision;

pub(super) use create::create;
pub(super) use history::{connection_test, connection_tests};
pub(super) use iam_policy::{IamPolicy, Place, PolicyTarget, iam_policy};
pub(super) use links::{link, unlink};

const DEFAULT_PAGE_SIZE: i32 = 50;
const MAX_PAGE_SIZE: i32 = 1_000;
/// How many mistakes are listed of a field that can hold many: error details travel in HTTP trailers, which many clients
/// take only 8 KiB of.
const MAX_VIOLATIONS_OF_A_FIELD: usize = 5;

/// A connection test that was asked for.
#[derive(Debug)]
pub(super) struct Test {
    pub(super) target: TestTarget,
    pub(super) role: Option<Role>,
    pub(super) sample_key: Option<String>,
    pub(super) retry_denied: Duration,
}

/// What it is to test.
#[derive(Debug)]
pub(super) enum TestTarget {
    Saved(DatastoreId),
    Unsaved(Box<S3Config>, Role),
}

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
        revision: etag(&datastore.etag),
        id,
        change,
        request: request_id,
        validate_only: request.validate_only,
        share_prefix: request.share_prefix,
        proven: Proven::NoChange,
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
    })
}

pub(super) fn test(
    request: pb::TestConnectionRequest,
    policy: CredentialsPolicy,
) -> Result<Test, Error> {
    use pb::test_connection_request::Target;
    let mut fields = Fields::default();
    let role = optional_role("role", request.role, &mut fields);
    let target = match request.target {
        Some(Target::Name(text)) => name("name", &text, &mut fields).map(TestTarget::Saved),
        Some(Target::Datastore(datastore)) => {
            let own = optional_role("datastore.role", datastore.role, &mut fields);
            if role.flatten().or(own.flatten()).is_none() && fields.0.is_empty() {
                let message = "is required: ROLE_SOURCE or ROLE_ENRICHMENT decides which permissions are tested";
                fields.refuse("role", message);
            }
            let s3 = s3_config(&datastore, &mut fields);
            let tested = role.flatten().or(own.flatten());
            s3.zip(tested)
                .map(|(s3, role)| TestTarget::Unsaved(Box::new(s3), role))
        }
        None => {
            let message =
                "is required: the name of a saved datastore, or a datastore that is not saved";
            fields.refuse("target", message);
            None
        }
    };
    let sample_key = sample_key(&request.sample_key, &mut fields);
    let retry_denied = retry_denied(request.retry_access_denied_for.as_ref(), &mut fields);
    match (target, role) {
        (Some(target), Some(role)) if fields.0.is_empty() => {
            if let TestTarget::Unsaved(s3, _) = &target {
                policy.check(&s3.credentials)?;
            }
            Ok(Test {
                target,
                role,
                sample_key,
                retry_denied,
            })
        }
        _ => Err(fields.error()),
    }
}

/// The longest key that S3 takes, in bytes ("Creating object key names").
const MAX_KEY: usize = 1_024;
/// The longest that a refusal is tried again for.
const MAX_RETRY: Duration = Duration::from_mins(5);

fn sample_key(key: &str, fields: &mut Fields) -> Option<String> {
    if key.len() > MAX_KEY || key.chars().any(char::is_control) {
        let message = "is no key of S3: it has at most 1024 bytes and no control characters";
        fields.refuse("sample_key", message);
    }
    (!key.is_empty()).then(|| key.to_owned())
}

fn retry_denied(asked: Option<&prost_types::Duration>, fields: &mut Fields) -> Duration {
    let Some(asked) = asked else {
        return Duration::ZERO;
    };
    match Duration::try_from(*asked) {
        Ok(asked) if asked <= MAX_RETRY => asked,
        _ => {
            let message = "must not be negative or longer than 5 minutes (300s)";
            fields.refuse("retry_access_denied_for", message);
            Duration::ZERO
        }
    }
}

#[expect(
    clippy::option_option,
    reason = "not given and not valid are two things"
)]
fn ca_certificates(s3: &pb::S3Config, fields: &mut Fields) -> Option<Option<Certificates>> {
    let certificates = optional(&s3.ca_certificate_pem, Certificates::parse);
    fields.take("datastore.s3.ca_certificate_pem", certificates)
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

/// A whole configuration, as a create or a test of an unsaved datastore needs it.
fn s3_config(datastore: &pb::Datastore, fields: &mut Fields) -> Option<S3Config> {
    let Some(s3) = field_mask::s3(datastore) else {
        fields.refuse("datastore.s3", "is required; send uri and credentials");
        return None;
    };
    let location = location(s3, fields);
    let region = region(s3, location.as_ref(), fields);
    let endpoint = endpoint(s3, fields);
    let addressing_style = addressing_style(s3, fields);
    let ca_certificates = ca_certificates(s3, fields);
    let has_endpoint = !s3.endpoint.is_empty();
    let credentials = if let Some(credentials) = &s3.credentials {
        self::credentials(credentials, has_endpoint, fields)
    } else {
        let message = "are required: access_key, anonymous, ambient or assume_role";
        fields.refuse("datastore.s3.credentials", message);
        None
    };
    let location = location?;
    Some(S3Config {
        bucket: location.bucket().clone(),
        prefix: location.prefix().clone(),
        region: region?.or(location.region().cloned()).unwrap_or_default(),
        endpoint: endpoint?,
        addressing_style: addressing_style?,
        ca_certificates: ca_certificates?,
        credentials: credentials?,
    })
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

fn s3_change(s3: &pb::S3Config, named: &[Field], fields: &mut Fields) -> S3Change {
    let mut change = S3Change::default();
    if named.contains(&Field::Uri) {
        change.location = location(s3, fields);
    }
    if named.contains(&Field::Region) {
        change.region = region(s3, change.location.as_ref(), fields);
    }
    if named.contains(&Field::Endpoint) {
        change.endpoint = endpoint(s3, fields);
    }
    if named.contains(&Field::AddressingStyle) {
        change.addressing_style = addressing_style(s3, fields);
    }
    if named.contains(&Field::CaCertificates) {
        change.ca_certificates = ca_certificates(s3, fields);
    }
    if named.contains(&Field::Credentials)
        && let Some(credentials) = &s3.credentials
    {
        // An endpoint that stays as it is stored is looked at when the change is applied.
        let has_endpoint = matches!(change.endpoint, Some(Some(_)));
        change.credentials = self::credentials(credentials, has_endpoint, fields);
    }
    change
}

fn location(s3: &pb::S3Config, fields: &mut Fields) -> Option<Location> {
    fields.take("datastore.s3.uri", Location::parse(&s3.uri))
}

#[expect(
    clippy::option_option,
    reason = "not given and not valid are two things"
)]
fn region(
    s3: &pb::S3Config,
    location: Option<&Location>,
    fields: &mut Fields,
) -> Option<Option<Region>> {
    agreeing_region("datastore.s3.region", &s3.region, location, fields)
}

/// The region that is asked for; it must be the one in the URI, if that names one.
#[expect(
    clippy::option_option,
    reason = "not given and not valid are two things"
)]
fn agreeing_region(
    field: &str,
    text: &str,
    location: Option<&Location>,
    fields: &mut Fields,
) -> Option<Option<Region>> {
    let region = fields.take(field, optional(text, Region::parse))?;
    let in_uri = location.and_then(Location::region);
    if let (Some(asked), Some(in_uri)) = (&region, in_uri)
        && asked != in_uri
    {
        let message = format!(
            "is {}, but the URI names {}; send only one of them",
            asked.as_str(),
            in_uri.as_str()
        );
        fields.refuse(field, message);
        return None;
    }
    Some(region)
}

#[expect(
    clippy::option_option,
    reason = "not given and not valid are two things"
)]
fn endpoint(s3: &pb::S3Config, fields: &mut Fields) -> Option<Option<Endpoint>> {
    let endpoint = optional(&s3.endpoint, Endpoint::parse);
    fields.take("datastore.s3.endpoint", endpoint)
}

#[expect(
    clippy::option_option,
    reason = "not given and not known are two things"
)]
fn addressing_style(s3: &pb::S3Config, fields: &mut Fields) -> Option<Option<AddressingStyle>> {
    match pb::AddressingStyle::try_from(s3.addressing_style) {
        Ok(pb::AddressingStyle::Unspecified) => Some(None),
        Ok(pb::AddressingStyle::Path) => Some(Some(AddressingStyle::Path)),
        Ok(pb::AddressingStyle::VirtualHosted) => Some(Some(AddressingStyle::VirtualHosted)),
        Err(_) => {
            let message = format!(
                "{} is no addressing style; send PATH (1) or VIRTUAL_HOSTED (2)",
                s3.addressing_style
            );
            fields.refuse("datastore.s3.addressing_style", message);
            None
        }
    }
}

fn credentials(
    credentials: &pb::s3_config::Credentials,
    has_endpoint: bool,
    fields: &mut Fields,
) -> Option<Credentials> {
    match credentials {
        pb::s3_config::Credentials::AccessKey(key) => {
            access_key("datastore.s3.access_key", key, fields).map(Credentials::AccessKey)
        }
        pb::s3_config::Credentials::Anonymous(_) => Some(Credentials::Anonymous),
        pb::s3_config::Credentials::Ambient(_) => Some(Credentials::Ambient),
        pb::s3_config::Credentials::AssumeRole(role) => {
            let role = assume_role::decode(role, has_endpoint, fields)?;
            Some(Credentials::AssumedRole(Box::new(role)))
        }
    }
}

fn access_key(at: &str, key: &pb::AccessKey, fields: &mut Fields) -> Option<AccessKey> {
    let before = fields.0.len();
    let of = |part: &str| format!("{at}.{part}");
    key_part(
        &of("access_key_id"),
        &key.access_key_id,
        MAX_ACCESS_KEY_ID,
        fields,
    );
    key_part(
        &of("secret_access_key"),
        &key.secret_access_key,
        MAX_SECRET_ACCESS_KEY,
        fields,
    );
    if !key.session_token.is_empty() {
        key_part(
            &of("session_token"),
            &key.session_token,
            MAX_SESSION_TOKEN,
            fields,
        );
    }
    let token = Some(&key.session_token).filter(|t| !t.is_empty());
    (fields.0.len() == before).then(|| AccessKey {
        access_key_id: key.access_key_id.clone(),
        secret_access_key: Secret::new(key.secret_access_key.clone()),
        session_token: token.map(|t| Secret::new(t.clone())),
    })
}

/// A part of a key is visible ASCII. The message never repeats it.
fn key_part(field: &str, value: &str, max: usize, fields: &mut Fields) {
    if value.is_empty() {
        fields.refuse(field, "is required; send both parts of the access key");
    } else if value.len() > max {
        fields.refuse(
            field,
            format!("has {} bytes; at most {max} are taken", value.len()),
        );
    } else if !value.bytes().all(|b| b.is_ascii_graphic()) {
        let message =
            "has a space, a line break or another character that keys do not have; copy it again";
        fields.refuse(field, message);
    }
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
