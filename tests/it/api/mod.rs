//! The whole API but connection tests, through gRPC on a real server; here is what these tests share.

mod assume_role;
mod bad_input;
mod crash;
mod crud;
mod descriptors;
mod error_size;
pub mod grpcurl;
mod hostile;
mod iam_policy;
mod idempotency;
pub mod links;
mod links_at_once;
mod list;
mod list_many;
mod process;
pub mod raw;
mod secrets;
mod together;
mod uniqueness;
mod update;
mod update_credentials;

use std::collections::BTreeMap;

use datastored::pb::datastore_service_client::DatastoreServiceClient;
use datastored::pb::s3_config::Credentials;
use datastored::pb::{self, ErrorReason};
use tonic::transport::Channel;
use tonic::{Code, Response, Status};
use tonic_types::StatusExt;

use crate::server::{Datastored, datastore, s3_config};

pub type Client = DatastoreServiceClient<Channel>;

/// The code that goes with each reason, as `error_reason.proto` says.
const CODES: [(ErrorReason, Code); 40] = [
    (ErrorReason::InvalidFields, Code::InvalidArgument),
    (ErrorReason::DatastoreNotFound, Code::NotFound),
    (ErrorReason::DisplayNameTaken, Code::AlreadyExists),
    (ErrorReason::DatastoreIdTaken, Code::AlreadyExists),
    (ErrorReason::RequestIdReused, Code::AlreadyExists),
    (ErrorReason::EtagMismatch, Code::Aborted),
    (ErrorReason::CredentialsRequired, Code::FailedPrecondition),
    (ErrorReason::CredentialsUnreadable, Code::FailedPrecondition),
    (
        ErrorReason::AmbientCredentialsNotAllowed,
        Code::FailedPrecondition,
    ),
    (ErrorReason::TooManyTests, Code::ResourceExhausted),
    (ErrorReason::ServerStopping, Code::Unavailable),
    (ErrorReason::StoreUnavailable, Code::Unavailable),
    (ErrorReason::MessageTooLarge, Code::InvalidArgument),
    (ErrorReason::MalformedMessage, Code::InvalidArgument),
    (ErrorReason::Internal, Code::Internal),
    (ErrorReason::ConnectionTestFailed, Code::FailedPrecondition),
    (
        ErrorReason::ConnectionTestInconclusive,
        Code::FailedPrecondition,
    ),
    (
        ErrorReason::ConnectionTestNotOfThis,
        Code::FailedPrecondition,
    ),
    (ErrorReason::ConnectionTestTooOld, Code::FailedPrecondition),
    (ErrorReason::ConnectionTestNotFound, Code::NotFound),
    (ErrorReason::LinkToItself, Code::FailedPrecondition),
    (ErrorReason::NotASource, Code::FailedPrecondition),
    (
        ErrorReason::NotAnEnrichmentDatastore,
        Code::FailedPrecondition,
    ),
    (ErrorReason::LocationsOverlap, Code::FailedPrecondition),
    (ErrorReason::PrefixShared, Code::FailedPrecondition),
    (ErrorReason::EnrichmentInUse, Code::FailedPrecondition),
    (ErrorReason::EnrichmentNotLinked, Code::FailedPrecondition),
    (ErrorReason::PrefixClaimed, Code::FailedPrecondition),
    (ErrorReason::PrefixClaimedByOthers, Code::FailedPrecondition),
    (ErrorReason::ClaimFailed, Code::FailedPrecondition),
    (ErrorReason::ClaimUnderWay, Code::Aborted),
    (ErrorReason::CredentialMissing, Code::Unauthenticated),
    (ErrorReason::CredentialRefused, Code::Unauthenticated),
    (ErrorReason::CredentialExpired, Code::Unauthenticated),
    (ErrorReason::IssuerKeysUnavailable, Code::Unavailable),
    (ErrorReason::NoAccess, Code::PermissionDenied),
    (ErrorReason::AccessTooLow, Code::PermissionDenied),
    (ErrorReason::TooManyRequests, Code::ResourceExhausted),
    (ErrorReason::DeadlinePassed, Code::DeadlineExceeded),
    (ErrorReason::OriginNotAllowed, Code::PermissionDenied),
];

/// A server with an empty store, and a client of it.
pub async fn start() -> (Datastored, Client) {
    let server = Datastored::start(&[]);
    let client = server.client().await;
    (server, client)
}

/// A source on Amazon S3 with an access key, complete and valid.
fn source(display_name: &str) -> pb::Datastore {
    let s3 = s3_config("s3://logs/tests/", "", "AKIAIOSFODNN7EXAMPLE", "secret");
    datastore(display_name, pb::Role::Source, s3)
}

fn s3(datastore: &pb::Datastore) -> &pb::S3Config {
    match &datastore.config {
        Some(pb::datastore::Config::S3(s3)) => s3,
        None => panic!("{} has no s3", datastore.name),
    }
}

fn s3_mut(datastore: &mut pb::Datastore) -> &mut pb::S3Config {
    match &mut datastore.config {
        Some(pb::datastore::Config::S3(s3)) => s3,
        None => panic!("{} has no s3", datastore.name),
    }
}

fn access_key(id: &str, secret: &str, token: &str) -> Credentials {
    Credentials::AccessKey(pb::AccessKey {
        access_key_id: id.to_owned(),
        secret_access_key: secret.to_owned(),
        session_token: token.to_owned(),
    })
}

fn labels(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    let owned = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
    pairs.iter().map(owned).collect()
}

pub fn new_request_id() -> String {
    uuid::Uuid::new_v4().to_string()
}

/// A create without a test: most of these tests have no store behind the datastore.
pub fn creation(datastore: pb::Datastore) -> pb::CreateDatastoreRequest {
    pb::CreateDatastoreRequest {
        datastore: Some(datastore),
        skip_connection_test: true,
        ..pb::CreateDatastoreRequest::default()
    }
}

/// An update without a test of `datastore`, by its name, of the fields in `paths`; without paths, of all fields that have a value.
pub fn change(datastore: pb::Datastore, paths: &[&str]) -> pb::UpdateDatastoreRequest {
    let paths = paths.iter().map(|path| (*path).to_owned()).collect();
    pb::UpdateDatastoreRequest {
        datastore: Some(datastore),
        update_mask: Some(prost_types::FieldMask { paths }),
        skip_connection_test: true,
        ..pb::UpdateDatastoreRequest::default()
    }
}

pub fn removal(name: &str) -> pb::DeleteDatastoreRequest {
    pb::DeleteDatastoreRequest {
        name: name.to_owned(),
        ..pb::DeleteDatastoreRequest::default()
    }
}

pub async fn create(client: &mut Client, datastore: pb::Datastore) -> pb::Datastore {
    sent(client.create_datastore(creation(datastore)).await)
}

pub async fn get(client: &mut Client, name: &str) -> Result<pb::Datastore, Status> {
    let name = name.to_owned();
    let request = pb::GetDatastoreRequest { name };
    client
        .get_datastore(request)
        .await
        .map(Response::into_inner)
}

/// All datastores of a list that fits on one page.
pub async fn all(client: &mut Client) -> Vec<pb::Datastore> {
    let request = pb::ListDatastoresRequest {
        page_size: 1000,
        ..pb::ListDatastoresRequest::default()
    };
    let page = sent(client.list_datastores(request).await);
    assert_eq!(page.next_page_token, "", "the list fits on one page");
    page.datastores
}

/// The answer to a call that must work.
#[track_caller]
pub fn sent<T>(answer: Result<Response<T>, Status>) -> T {
    match answer {
        Ok(response) => response.into_inner(),
        Err(status) => panic!("{status:?}"),
    }
}

/// What an error says for programs.
#[derive(Debug)]
pub struct Refusal {
    pub message: String,
    pub metadata: BTreeMap<String, String>,
    /// Field and description of each violation.
    pub violations: Vec<(String, String)>,
    pub details: tonic_types::ErrorDetails,
}

impl Refusal {
    /// The bad fields, sorted, each once.
    fn fields(&self) -> Vec<&str> {
        let mut fields: Vec<&str> = self.violations.iter().map(|(f, _)| f.as_str()).collect();
        fields.sort_unstable();
        fields.dedup();
        fields
    }
}

/// Asserts that a call was refused for this reason, with its code and our domain.
#[track_caller]
pub fn refused<T: std::fmt::Debug>(answer: Result<T, Status>, reason: ErrorReason) -> Refusal {
    let status = match answer {
        Ok(answer) => panic!("not refused: {answer:?}"),
        Err(status) => status,
    };
    let details = status.get_error_details();
    let Some(info) = details.error_info() else {
        panic!("no ErrorInfo in {status:?}");
    };
    let name = reason.as_str_name().trim_start_matches("ERROR_REASON_");
    assert_eq!(info.reason, name, "{status:?}");
    assert_eq!(info.domain, "datastored.dev");
    let code = CODES.iter().find(|(r, _)| *r == reason).map(|(_, c)| *c);
    assert_eq!(Some(status.code()), code, "{status:?}");
    let metadata = info.metadata.clone().into_iter().collect();
    let violations = details.bad_request().map(|b| b.field_violations.clone());
    let violations = violations.unwrap_or_default().into_iter();
    Refusal {
        message: status.message().to_owned(),
        metadata,
        violations: violations.map(|v| (v.field, v.description)).collect(),
        details,
    }
}

/// Asserts that a call was refused for exactly these fields, and that each says what is wrong with it.
#[track_caller]
pub fn refused_fields<T: std::fmt::Debug>(answer: Result<T, Status>, expected: &[&str]) -> Refusal {
    let refusal = refused(answer, ErrorReason::InvalidFields);
    let mut expected = expected.to_vec();
    expected.sort_unstable();
    assert_eq!(refusal.fields(), expected, "{refusal:?}");
    for (field, description) in &refusal.violations {
        assert!(description.len() > 10, "{field}: {description:?}");
        assert!(
            refusal.metadata["fields"].contains(field),
            "{field} is not in {:?}",
            refusal.metadata
        );
    }
    refusal
}
