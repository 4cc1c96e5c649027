//! The statuses of prefixes that are not claimed, not released, or not to be left.

use tonic::Status;

use super::{Code, RETRY_TEST, info, precondition, status};
use crate::model::claim::{ClaimError, Owner};
use crate::model::name::DatastoreName;
use crate::pb::ErrorReason;

pub(super) fn to_status(error: &ClaimError, message: String) -> Status {
    let (reason, name, metadata) = match error {
        ClaimError::UnderWay(name) => return under_way(name, message),
        ClaimError::Held { name, key } => (ErrorReason::PrefixClaimed, name, of(name, key)),
        ClaimError::Others { name, key, owner } => {
            let mut metadata = of(name, key);
            if let Owner::Datastore {
                installation,
                datastore,
            } = owner
            {
                metadata.push(("owner", datastore.to_string()));
                metadata.push(("installation", installation.to_string()));
            }
            (ErrorReason::PrefixClaimedByOthers, name, metadata)
        }
        ClaimError::Failed {
            name,
            key,
            operation,
            code,
            ..
        } => {
            let mut metadata = of(name, key);
            metadata.push(("operation", (*operation).to_owned()));
            metadata.extend(code.clone().map(|code| ("s3_error_code", code)));
            (ErrorReason::ClaimFailed, name, metadata)
        }
    };
    precondition(reason, ("PREFIX", &name.to_string()), metadata, message)
}

fn under_way(name: &DatastoreName, message: String) -> Status {
    let metadata = [("name", name.to_string())];
    let mut details = info(ErrorReason::ClaimUnderWay, metadata);
    details.set_retry_info(Some(RETRY_TEST));
    status(Code::Aborted, message, details)
}

fn of(name: &DatastoreName, key: &str) -> Vec<(&'static str, String)> {
    vec![("name", name.to_string()), ("key", key.to_owned())]
}
