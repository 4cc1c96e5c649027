//! The ARN of a KMS key.

use super::arn::Parts;
use crate::model::region::{Partition, Region};

/// The ARN of one KMS key: `arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab`.
///
/// Only a key ARN names a key in a policy, neither a key id nor an alias, and a wildcard would name many ("Specifying KMS keys in IAM policy
/// statements" in the KMS Developer Guide). Key ids have 36 letters, digits and hyphens, also those of multi-Region keys, which begin with `mrk-`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyArn {
    text: String,
    partition: Partition,
}

/// Why a text is no ARN of a KMS key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyArnError {
    /// An alias, as an ARN or by its name.
    #[error(
        "this names an alias: a policy on it grants nothing on the key behind it, which can change; write the ARN of the key, \
         arn:aws:kms:REGION:ACCOUNT:key/KEY_ID"
    )]
    Alias,
    /// Anything else.
    #[error(
        "this is not the ARN of a KMS key: write arn:aws:kms:REGION:ACCOUNT:key/KEY_ID, as the KMS console shows it"
    )]
    Other,
}

const KEY_ID_LENGTH: usize = 36;

impl KeyArn {
    /// Reads the ARN of a key. White space is not trimmed.
    ///
    /// # Errors
    /// An alias, or any other text.
    pub fn parse(text: &str) -> Result<Self, KeyArnError> {
        let parts = Parts::of(text).filter(|p| p.service == "kms");
        if text.starts_with("alias/") || parts.as_ref().is_some_and(|p| is_alias(p.resource)) {
            return Err(KeyArnError::Alias);
        }
        match parts {
            Some(parts) if names_a_key(&parts) => Ok(Self {
                text: text.to_owned(),
                partition: parts.partition,
            }),
            _ => Err(KeyArnError::Other),
        }
    }

    /// The ARN.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The partition the key is in.
    #[must_use]
    pub fn partition(&self) -> Partition {
        self.partition
    }
}

fn is_alias(resource: &str) -> bool {
    resource.starts_with("alias/")
}

/// Whether it is a key in a region of the partition.
fn names_a_key(parts: &Parts<'_>) -> bool {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b == b'-';
    let is_id = |id: &str| id.len() == KEY_ID_LENGTH && id.bytes().all(allowed);
    let is_here = |r: Region| r.partition() == parts.partition;
    parts.has_account()
        && Region::parse(parts.region).is_ok_and(is_here)
        && parts.resource.strip_prefix("key/").is_some_and(is_id)
}

#[cfg(test)]
mod tests {
    use super::{KeyArn, KeyArnError};

    #[test]
    fn the_arn_of_a_key_is_taken_with_its_partition() {
        for (arn, partition) in [
            (
                "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab",
                "aws",
            ),
            (
                "arn:aws-cn:kms:cn-north-1:111122223333:key/mrk-1234abcd12ab34cd56ef1234567890ab",
                "aws-cn",
            ),
        ] {
            let key = KeyArn::parse(arn).unwrap();
            assert_eq!(key.as_str(), arn);
            assert_eq!(key.partition().as_str(), partition);
        }
    }

    #[test]
    fn an_alias_is_refused_with_its_own_reason() {
        for alias in [
            "alias/logs",
            "arn:aws:kms:eu-west-1:111122223333:alias/logs",
            "arn:aws:kms:eu-west-1:111122223333:alias/aws/s3",
        ] {
            assert_eq!(KeyArn::parse(alias), Err(KeyArnError::Alias), "{alias}");
        }
    }

    #[test]
    fn what_does_not_name_one_key_is_refused() {
        for text in [
            "",
            "*",
            "1234abcd-12ab-34cd-56ef-1234567890ab",
            "arn:aws:kms:eu-west-1:111122223333:key/*",
            "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890a*",
            "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890a",
            "arn:aws:kms:*:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab",
            "arn:aws:kms:cn-north-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab",
            "arn:aws:kms::111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab",
            "arn:aws:kms:eu-west-1:11112222333:key/1234abcd-12ab-34cd-56ef-1234567890ab",
            "arn:aws:kms:eu-west-1:11112222333?:key/1234abcd-12ab-34cd-56ef-1234567890ab",
            "arn:aws:s3:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab",
            "arn:aws-x:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab",
            "ARN:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab",
            " arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab",
            "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab\n",
        ] {
            assert_eq!(KeyArn::parse(text), Err(KeyArnError::Other), "{text:?}");
        }
    }
}
