//! The only map from domain errors to gRPC: code, reason, metadata and details (AIP-193).

mod access;
mod claim;
mod link;
mod load;
mod proof;

use std::collections::HashMap;
use std::error::Error as StdError;
use std::time::Duration;

use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};
use tracing::{error, warn};
use uuid::Uuid;

use crate::model::Error;
use crate::model::error::Violation;
use crate::pb::ErrorReason;

pub(super) use access::{foreign_origin, refused, too_low};
pub(super) use load::{Limit, past_deadline, too_many};

/// The domain of every `ErrorInfo`.
const DOMAIN: &str = "datastored.dev";
const DATASTORE: &str = "datastored.dev/Datastore";
const CONNECTION_TEST: &str = "datastored.dev/ConnectionTest";
/// When to try again after too many tests: one of a healthy store takes about this long.
const RETRY_TEST: Duration = Duration::from_secs(2);
/// When to try again after the store or the server was not there.
const RETRY_SERVER: Duration = Duration::from_secs(5);

/// The gRPC status of a domain error.
pub(super) fn to_status(error: Error) -> Status {
    let message = error.to_string();
    match error {
        Error::InvalidFields(violations) => invalid_fields(&message, violations),
        Error::DatastoreNotFound(name) => {
            let name = name.to_string();
            let mut details = info(ErrorReason::DatastoreNotFound, [("name", name.clone())]);
            details.set_resource_info(DATASTORE, name, "", message.clone());
            status(Code::NotFound, message, details)
        }
        Error::DisplayNameTaken { display_name, name } => {
            let name = name.to_string();
            let metadata = [("display_name", display_name), ("name", name.clone())];
            let mut details = info(ErrorReason::DisplayNameTaken, metadata);
            details.set_resource_info(DATASTORE, name, "", message.clone());
            status(Code::AlreadyExists, message, details)
        }
        Error::DatastoreIdTaken(name) => {
            let name = name.to_string();
            let mut details = info(ErrorReason::DatastoreIdTaken, [("name", name.clone())]);
            details.set_resource_info(DATASTORE, name, "", message.clone());
            status(Code::AlreadyExists, message, details)
        }
        Error::RequestIdReused(id) => {
            let details = info(
                ErrorReason::RequestIdReused,
                [("request_id", id.to_string())],
            );
            status(Code::AlreadyExists, message, details)
        }
        Error::EtagMismatch(name) => {
            let details = info(ErrorReason::EtagMismatch, [("name", name.to_string())]);
            status(Code::Aborted, message, details)
        }
        Error::CredentialsRequired { name, changed } => {
            let name = name.to_string();
            let metadata = [("name", name.clone()), ("changed", changed.join(","))];
            let mut details = info(ErrorReason::CredentialsRequired, metadata);
            details.add_precondition_failure_violation("CREDENTIALS", name, message.clone());
            status(Code::FailedPrecondition, message, details)
        }
        Error::Unseen(unseen) => link::unseen(&unseen, message),
        Error::CredentialsUnreadable(name) => {
            let name = name.to_string();
            let metadata = [("name", name.clone())];
            let mut details = info(ErrorReason::CredentialsUnreadable, metadata);
            details.add_precondition_failure_violation("CREDENTIALS", name, message.clone());
            status(Code::FailedPrecondition, message, details)
        }
        Error::AmbientCredentialsNotAllowed => {
            let flag = "--allow-ambient-credentials";
            let metadata = [("flag", flag.to_owned())];
            let mut details = info(ErrorReason::AmbientCredentialsNotAllowed, metadata);
            details.add_precondition_failure_violation("SERVER_OPTION", flag, message.clone());
            status(Code::FailedPrecondition, message, details)
        }
        Error::TooManyTests { max } => {
            load::too_many_tests(vec![("max_concurrent_tests", max.to_string())], message)
        }
        Error::TooManyTestsOfCaller { caller, max } => {
            let max = ("max_concurrent_tests_of_caller", max.to_string());
            load::too_many_tests(vec![("caller", caller), max], message)
        }
        Error::ConnectionTestNotFound(name) => {
            let name = name.to_string();
            let mut details = info(
                ErrorReason::ConnectionTestNotFound,
                [("name", name.clone())],
            );
            details.set_resource_info(CONNECTION_TEST, name, "", message.clone());
            status(Code::NotFound, message, details)
        }
        Error::Proof(error) => proof::to_status(&error, message),
        Error::Link(error) => link::to_status(&error, message),
        Error::Claim(error) => claim::to_status(&error, message),
        Error::ServerStopping => {
            let mut details = info(ErrorReason::ServerStopping, []);
            details.set_retry_info(Some(RETRY_SERVER));
            status(Code::Unavailable, message, details)
        }
        Error::StoreUnavailable(cause) => {
            warn!(cause = chain(&*cause), "the store could not be used");
            let mut details = info(ErrorReason::StoreUnavailable, []);
            details.set_retry_info(Some(RETRY_SERVER));
            status(Code::Unavailable, message, details)
        }
        Error::Internal(cause) => {
            let error_id = Uuid::new_v4();
            error!(%error_id, cause = chain(&*cause), "internal error");
            let details = info(ErrorReason::Internal, [("error_id", error_id.to_string())]);
            let message = format!("internal error {error_id}; the server's log tells more");
            status(Code::Internal, message, details)
        }
    }
}

/// The reason that a status of ours carries.
pub(super) fn reason(status: &Status) -> String {
    let details = status.get_error_details();
    details.error_info().map_or_else(
        || format!("{:?}", status.code()),
        |info| info.reason.clone(),
    )
}

/// The status of a message that could not even be read.
pub(super) fn unreadable(reason: ErrorReason, message: &str, max_bytes: Option<usize>) -> Status {
    let metadata = max_bytes.map(|max| ("max_bytes", max.to_string()));
    status(
        Code::InvalidArgument,
        message.to_owned(),
        info(reason, metadata),
    )
}

fn invalid_fields(message: &str, violations: Vec<Violation>) -> Status {
    let mut fields: Vec<&str> = violations.iter().map(|v| v.field.as_str()).collect();
    fields.dedup();
    let mut details = info(ErrorReason::InvalidFields, [("fields", fields.join(","))]);
    for violation in violations {
        details.add_bad_request_violation(violation.field, violation.description);
    }
    status(Code::InvalidArgument, message.to_owned(), details)
}

/// A state that stands in the way of a request: its kind, what is in it, and metadata.
fn precondition(
    reason: ErrorReason,
    (kind, subject): (&str, &str),
    metadata: Vec<(&'static str, String)>,
    message: String,
) -> Status {
    let mut details = info(reason, metadata);
    details.add_precondition_failure_violation(kind, subject, message.clone());
    status(Code::FailedPrecondition, message, details)
}

fn status(code: Code, message: String, details: ErrorDetails) -> Status {
    Status::with_error_details(code, message, details)
}

fn info(
    reason: ErrorReason,
    metadata: impl IntoIterator<Item = (&'static str, String)>,
) -> ErrorDetails {
    let reason = reason.as_str_name().trim_start_matches("ERROR_REASON_");
    let metadata = metadata.into_iter().map(|(k, v)| (k.to_owned(), v));
    ErrorDetails::with_error_info(reason, DOMAIN, metadata.collect::<HashMap<_, _>>())
}

/// An error and its causes, outermost first.
fn chain(error: &(dyn StdError + 'static)) -> String {
    let causes = std::iter::successors(Some(error), |e| StdError::source(*e));
    causes
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(": ")
}
