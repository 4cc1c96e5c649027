//! `TestConnection`.

use std::time::Duration;

use super::{Fields, name, optional_role, s3::s3_config};
use crate::model::Error;
use crate::model::credentials::CredentialsPolicy;
use crate::model::datastore::S3Config;
use crate::model::name::DatastoreId;
use crate::model::role::Role;
use crate::pb;

/// The longest key that S3 takes, in bytes ("Creating object key names").
const MAX_KEY: usize = 1_024;
/// The longest that a refusal is tried again for.
const MAX_RETRY: Duration = Duration::from_mins(5);

/// A connection test that was asked for.
#[derive(Debug)]
pub(in crate::grpc) struct Test {
    pub(in crate::grpc) target: TestTarget,
    pub(in crate::grpc) role: Option<Role>,
    pub(in crate::grpc) sample_key: Option<String>,
    pub(in crate::grpc) retry_denied: Duration,
}

/// What it is to test.
#[derive(Debug)]
pub(in crate::grpc) enum TestTarget {
    Saved(DatastoreId),
    Unsaved(Box<S3Config>, Role),
}

pub(in crate::grpc) fn test(
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
