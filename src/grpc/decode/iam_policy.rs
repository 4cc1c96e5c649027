//! From a request of `GenerateIamPolicy` to what it asks for, with every bad field found at once.

use super::s3::agreeing_region;
use super::{Fields, name, optional, optional_role, required_role};
use crate::iam::{ExternalId, KeyArn, Principal};
use crate::model::Error;
use crate::model::location::{Bucket, Location, Prefix};
use crate::model::name::DatastoreId;
use crate::model::region::Partition;
use crate::model::role::Role;
use crate::pb;

/// A policy that was asked for. What is in it fits the location, if that is in the request.
#[derive(Debug)]
pub(in crate::grpc) struct IamPolicy {
    pub(in crate::grpc) target: PolicyTarget,
    pub(in crate::grpc) contents: Contents,
}

/// What it is for.
#[derive(Debug)]
pub(in crate::grpc) enum PolicyTarget {
    /// A datastore, and a role if not its own.
    Saved(DatastoreId, Option<Role>),
    Unsaved(Place),
}

/// A location and a role.
#[derive(Debug)]
pub(in crate::grpc) struct Place {
    pub(in crate::grpc) partition: Partition,
    pub(in crate::grpc) bucket: Bucket,
    pub(in crate::grpc) prefix: Prefix,
    pub(in crate::grpc) role: Role,
}

/// What is to be in it.
#[derive(Debug)]
pub(in crate::grpc) struct Contents {
    /// The guide's policy, and not the exact one.
    pub(in crate::grpc) is_guide: bool,
    pub(in crate::grpc) key: Option<KeyArn>,
    pub(in crate::grpc) principal: Option<Principal>,
    pub(in crate::grpc) external_id: Option<ExternalId>,
}

impl Contents {
    /// Refuses what cannot work in a partition.
    pub(in crate::grpc) fn check(&self, partition: Partition) -> Result<(), Error> {
        let mut fields = Fields::default();
        self.refuse_misfits(partition, &mut fields);
        fields.into_result()
    }

    fn refuse_misfits(&self, partition: Partition, fields: &mut Fields) {
        if self.is_guide && partition != Partition::Aws {
            let message = format!(
                "GUIDE writes ARNs of the partition aws, which name nothing in {partition}, where the bucket is; ask for EXACT"
            );
            fields.refuse("compatibility", message);
        }
        if let Some(key) = &self.key {
            let use_of_it = "send the key that the bucket encrypts with";
            refuse_other("kms_key_arn", key.partition(), partition, use_of_it, fields);
        }
        if let Some(principal) = &self.principal {
            let use_of_it = "a role is assumed from its own partition only";
            let field = "trust_policy.principal";
            refuse_other(field, principal.partition(), partition, use_of_it, fields);
        }
    }
}

fn refuse_other(field: &str, its: Partition, here: Partition, why: &str, fields: &mut Fields) {
    if its != here {
        let message = format!("is in the partition {its}, and the bucket in {here}: {why}");
        fields.refuse(field, message);
    }
}

pub(in crate::grpc) fn iam_policy(
    request: &pb::GenerateIamPolicyRequest,
) -> Result<IamPolicy, Error> {
    let mut fields = Fields::default();
    let contents = contents(request, &mut fields);
    let target = target(request, &contents, &mut fields);
    match target {
        Some(target) if fields.0.is_empty() => Ok(IamPolicy { target, contents }),
        _ => Err(fields.error()),
    }
}

/// What is valid of it; the rest is refused.
fn contents(request: &pb::GenerateIamPolicyRequest, fields: &mut Fields) -> Contents {
    let is_guide = is_guide(request.compatibility, fields);
    let key = fields.take("kms_key_arn", optional(&request.kms_key_arn, KeyArn::parse));
    let key = key.flatten();
    if is_guide && key.is_some() {
        let message = "has no place in the guide's policy; leave it out, or ask for EXACT";
        fields.refuse("kms_key_arn", message);
    }
    let mut contents = Contents {
        is_guide,
        key,
        principal: None,
        external_id: None,
    };
    if let Some(trust) = &request.trust_policy {
        let principal = Principal::parse(&trust.principal);
        contents.principal = fields.take("trust_policy.principal", principal);
        let id = optional(&trust.external_id, ExternalId::parse);
        contents.external_id = fields.take("trust_policy.external_id", id).flatten();
    }
    contents
}

fn is_guide(value: i32, fields: &mut Fields) -> bool {
    match pb::PolicyCompatibility::try_from(value) {
        Ok(pb::PolicyCompatibility::Unspecified | pb::PolicyCompatibility::Exact) => false,
        Ok(pb::PolicyCompatibility::Guide) => true,
        Err(_) => {
            let message = format!("{value} is no compatibility; send EXACT (1) or GUIDE (2)");
            fields.refuse("compatibility", message);
            false
        }
    }
}

fn target(
    request: &pb::GenerateIamPolicyRequest,
    contents: &Contents,
    fields: &mut Fields,
) -> Option<PolicyTarget> {
    use pb::generate_iam_policy_request::Target;
    match &request.target {
        Some(Target::Name(text)) => {
            if !request.region.is_empty() {
                let message = "goes with uri: a saved datastore has its own; leave it out";
                fields.refuse("region", message);
            }
            let role = optional_role("role", request.role, fields);
            let id = name("name", text, fields);
            Some(PolicyTarget::Saved(id?, role?))
        }
        Some(Target::Uri(uri)) => place(uri, request, contents, fields).map(PolicyTarget::Unsaved),
        None => {
            let message = "is required: the name of a saved datastore, or the URI of a location";
            fields.refuse("target", message);
            optional_role("role", request.role, fields);
            agreeing_region("region", &request.region, None, fields);
            None
        }
    }
}

fn place(
    uri: &str,
    request: &pb::GenerateIamPolicyRequest,
    contents: &Contents,
    fields: &mut Fields,
) -> Option<Place> {
    let location = fields.take("uri", Location::parse(uri));
    let region = agreeing_region("region", &request.region, location.as_ref(), fields);
    let role = required_role("role", request.role, fields);
    let partition = match (region?, &location) {
        (Some(region), _) => region.partition(),
        (None, Some(location)) => location.region().cloned().unwrap_or_default().partition(),
        (None, None) => return None,
    };
    contents.refuse_misfits(partition, fields);
    let location = location?;
    Some(Place {
        partition,
        bucket: location.bucket().clone(),
        prefix: location.prefix().clone(),
        role: role?,
    })
}
