//! The policy of a role on a location: just what a datastore needs there.

use super::document::{allow, document};
use super::{Action, KeyArn, policy};
use crate::model::location::{Bucket, Prefix};
use crate::model::region::Partition;
use crate::model::role::Role;

/// The document that grants what a datastore of this role needs, as [`granting`](super::granting) does, and what it needs of the key that the
/// bucket encrypts with, if it is given.
#[must_use]
pub fn role_policy(
    role: Role,
    partition: Partition,
    bucket: &Bucket,
    prefix: &Prefix,
    key: Option<&KeyArn>,
) -> String {
    let mut statements = policy::statements(Action::needed_by(role), partition, bucket, prefix);
    statements.extend(key.map(|key| allow(key_actions(role), key.as_str())));
    document(&statements)
}

/// Writing takes a data key, reading decrypts it, and a multipart upload takes both ("`CreateMultipartUpload`" in the Amazon S3 API Reference).
fn key_actions(role: Role) -> &'static [&'static str] {
    match role {
        Role::Source => &["kms:Decrypt"],
        Role::Enrichment => &["kms:GenerateDataKey", "kms:Decrypt"],
    }
}

#[cfg(test)]
mod tests;
