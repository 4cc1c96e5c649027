//! From an `AssumeRole` to the role that is assumed.

use std::time::Duration;

use super::access_key::access_key;
use super::{Fields, optional};
use crate::model::credentials::{
    AssumedRole, Base, ExternalId, RoleArn, SessionDuration, SessionDurationError, SessionName,
};
use crate::model::endpoint::Endpoint;
use crate::model::error::Violation;
use crate::pb;

/// The role, for a datastore that may have an endpoint of its own; `None` with every bad field refused.
pub(super) fn decode(
    role: &pb::AssumeRole,
    has_endpoint: bool,
    fields: &mut Fields,
) -> Option<AssumedRole> {
    let role_arn = role_arn(role, fields);
    let external_id = optional(&role.external_id, ExternalId::parse);
    let external_id = fields.take(&at("external_id"), external_id);
    let session_name = optional(&role.session_name, SessionName::parse);
    let session_name = fields.take(&at("session_name"), session_name);
    let duration = fields.take(&at("duration"), duration(role.duration.as_ref()));
    let sts_endpoint = optional(&role.sts_endpoint, Endpoint::parse);
    let sts_endpoint = fields.take(&at("sts_endpoint"), sts_endpoint);
    if has_endpoint && role.sts_endpoint.is_empty() {
        fields.0.push(Violation::no_sts_endpoint());
    }
    let base = base(role.base.as_ref(), fields);
    Some(AssumedRole {
        role_arn: role_arn?,
        external_id: external_id?,
        session_name: session_name?.unwrap_or_default(),
        duration: duration?,
        sts_endpoint: sts_endpoint?,
        base: base?,
    })
}

fn at(field: &str) -> String {
    format!("datastore.s3.assume_role.{field}")
}

/// At AWS's own STS an account is 12 digits; a store's STS may know others.
fn role_arn(role: &pb::AssumeRole, fields: &mut Fields) -> Option<RoleArn> {
    let arn = fields.take(&at("role_arn"), RoleArn::parse(&role.role_arn))?;
    if role.sts_endpoint.is_empty() && !arn.has_account_of_aws() {
        let message = "has no account of AWS in it, which is 12 digits; copy it again from the IAM console, or name the sts_endpoint of another store";
        fields.refuse(&at("role_arn"), message);
        return None;
    }
    Some(arn)
}

fn duration(
    asked: Option<&prost_types::Duration>,
) -> Result<SessionDuration, SessionDurationError> {
    let Some(asked) = asked else {
        return Ok(SessionDuration::default());
    };
    let asked = Duration::try_from(*asked).map_err(|_| SessionDurationError)?;
    SessionDuration::new(asked)
}

fn base(base: Option<&pb::assume_role::Base>, fields: &mut Fields) -> Option<Base> {
    match base {
        Some(pb::assume_role::Base::AccessKey(key)) => {
            access_key(&at("access_key"), key, fields).map(Base::AccessKey)
        }
        Some(pb::assume_role::Base::Ambient(_)) => Some(Base::Ambient),
        None => {
            let message =
                "is required: access_key or ambient, the credentials that ask for the role";
            fields.refuse(&at("base"), message);
            None
        }
    }
}
