//! `GenerateIamPolicy`: the documents that a request asks for.

use super::decode::{IamPolicy, Place, PolicyTarget};
use crate::iam::{guide_policy, role_policy, trust_policy};
use crate::model::Error;
use crate::pb;
use crate::registry::Registry;
use crate::store::Store;

/// The policy, and the trust policy if there is to be one; a saved datastore is read for its location and role.
pub(super) async fn generate<S: Store>(
    registry: &Registry<S>,
    asked: IamPolicy,
) -> Result<pb::GenerateIamPolicyResponse, Error> {
    let IamPolicy { target, contents } = asked;
    let place = match target {
        PolicyTarget::Saved(id, role) => {
            let datastore = registry.get(&id).await?.datastore;
            let partition = datastore.s3.partition();
            contents.check(partition)?;
            Place {
                partition,
                bucket: datastore.s3.bucket,
                prefix: datastore.s3.prefix,
                role: role.unwrap_or(datastore.role),
            }
        }
        PolicyTarget::Unsaved(place) => place,
    };
    let policy = if contents.is_guide {
        guide_policy(place.role, &place.bucket)
    } else {
        role_policy(
            place.role,
            place.partition,
            &place.bucket,
            &place.prefix,
            contents.key.as_ref(),
        )
    };
    let trust = contents.principal.as_ref();
    let trust = trust.map(|who| trust_policy(who, contents.external_id.as_ref()));
    Ok(pb::GenerateIamPolicyResponse {
        policy,
        trust_policy: trust.unwrap_or_default(),
    })
}
