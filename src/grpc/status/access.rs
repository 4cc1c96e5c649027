//! The statuses of calls that are not let in. None says more of a credential than its holder knows.

use std::time::Duration;

use http::HeaderValue;
use tonic::{Code, Status};

use super::{info, status};
use crate::auth::Refusal;
use crate::model::caller::{Access, Caller};
use crate::pb::ErrorReason;

/// When to try again after the keys of an issuer were not there: they are looked for so often.
const RETRY_KEYS: Duration = Duration::from_secs(30);

/// The status of a call whose credential makes no caller.
pub(in crate::grpc) fn refused(refusal: Refusal) -> Status {
    match refusal {
        Refusal::Missing => status(
            Code::Unauthenticated,
            "say who you are: send the metadata `authorization: Bearer TOKEN`, or use a client certificate; who runs this server \
             makes a token with `datastored tokens create`"
                .to_owned(),
            info(ErrorReason::CredentialMissing, []),
        ),
        Refusal::NotAccepted(why) => {
            tracing::debug!(why, "a credential was refused");
            status(
                Code::Unauthenticated,
                "the credential is not accepted: send `authorization: Bearer TOKEN` with a token that is valid on this server"
                    .to_owned(),
                info(ErrorReason::CredentialRefused, []),
            )
        }
        Refusal::Expired { name, at } => {
            let at = humantime::format_rfc3339_seconds(at).to_string();
            let message =
                format!("the credential of {name} has expired at {at}; ask for a new one");
            let metadata = [("caller", name), ("expire_time", at)];
            let details = info(ErrorReason::CredentialExpired, metadata);
            status(Code::Unauthenticated, message, details)
        }
        Refusal::NoAccess { name } => {
            let message = format!(
                "no rule of this server gives {name} access; ask who runs it for one in its access file"
            );
            let details = info(ErrorReason::NoAccess, [("caller", name)]);
            status(Code::PermissionDenied, message, details)
        }
        Refusal::KeysUnavailable { issuer } => {
            let message = format!(
                "the keys of {issuer} could not be fetched yet, so that no JWT of it can be checked; try again soon"
            );
            let mut details = info(ErrorReason::IssuerKeysUnavailable, [("issuer", issuer)]);
            details.set_retry_info(Some(RETRY_KEYS));
            status(Code::Unavailable, message, details)
        }
    }
}

/// The status of a call from a page in a browser that may not call.
pub(in crate::grpc) fn foreign_origin(origin: &HeaderValue) -> Status {
    let origin = origin.to_str().unwrap_or("?").chars().take(256).collect();
    let message = "pages of this origin may not call this server; ask who runs it to name the origin with --cors-origin";
    let details = info(ErrorReason::OriginNotAllowed, [("origin", origin)]);
    status(Code::PermissionDenied, message.to_owned(), details)
}

/// The status of a call that needs more access than the caller has.
pub(in crate::grpc) fn too_low(method: &str, needed: Access, caller: &Caller) -> Status {
    let of_some = if caller.labels.is_empty() {
        ""
    } else {
        ", of datastores with some labels"
    };
    let (needed, access) = (
        needed.as_str(),
        format!("{}{of_some}", caller.access.as_str()),
    );
    let message = format!(
        "{method} needs the access `{needed}`, and {} has `{access}`; ask who runs this server for more",
        caller.name
    );
    let metadata = [
        ("caller", caller.name.clone()),
        ("access", access),
        ("needed", needed.to_owned()),
        ("method", method.to_owned()),
    ];
    let details = info(ErrorReason::AccessTooLow, metadata);
    status(Code::PermissionDenied, message, details)
}
