//! Amazon Resource Names: those of buckets and of the objects under a prefix, and the parts of any.

use crate::model::location::{Bucket, Prefix};
use crate::model::region::Partition;

/// The bucket's ARN: `arn:aws:s3:::bucket`.
#[must_use]
pub fn bucket_arn(partition: Partition, bucket: &Bucket) -> String {
    format!("arn:{}:s3:::{}", partition.as_str(), bucket.as_str())
}

/// The ARN pattern of every object under the prefix: `arn:aws:s3:::bucket/prefix/*`.
#[must_use]
pub fn object_arn(partition: Partition, bucket: &Bucket, prefix: &Prefix) -> String {
    let bucket = bucket_arn(partition, bucket);
    format!("{bucket}/{}*", literal(prefix.as_str()))
}

/// The text with `*`, `?` and `$` written `${*}`, `${?}` and `${$}`, so that a policy takes them for themselves ("IAM policy elements: Variables
/// and tags").
pub(super) fn literal(text: &str) -> String {
    let mut literal = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '*' | '?' | '$' => {
                literal.push_str("${");
                literal.push(c);
                literal.push('}');
            }
            _ => literal.push(c),
        }
    }
    literal
}

/// The parts of an ARN: `arn:partition:service:region:account:resource`.
pub(super) struct Parts<'a> {
    pub(super) partition: Partition,
    pub(super) service: &'a str,
    pub(super) region: &'a str,
    pub(super) account: &'a str,
    pub(super) resource: &'a str,
}

impl<'a> Parts<'a> {
    /// Takes an ARN apart. `None` for another text, and for a partition that is not modelled.
    pub(super) fn of(arn: &'a str) -> Option<Self> {
        let mut parts = arn.splitn(6, ':');
        let mut next = || parts.next();
        if next()? != "arn" {
            return None;
        }
        Some(Self {
            partition: Partition::parse(next()?)?,
            service: next()?,
            region: next()?,
            account: next()?,
            resource: next()?,
        })
    }

    /// Whether the account is one: 12 digits ("AWS account identifiers" in the AWS Account Management Reference Guide).
    pub(super) fn has_account(&self) -> bool {
        self.account.len() == 12 && self.account.bytes().all(|b| b.is_ascii_digit())
    }
}

#[cfg(test)]
mod tests {
    use super::{bucket_arn, object_arn};
    use crate::model::location::Location;
    use crate::model::region::Partition;

    #[test]
    fn bucket_actions_are_granted_on_the_bucket_and_object_actions_below_the_prefix() {
        let location = Location::parse("s3://logs/tests").unwrap();
        assert_eq!(
            bucket_arn(Partition::AwsCn, location.bucket()),
            "arn:aws-cn:s3:::logs"
        );
        assert_eq!(
            object_arn(Partition::Aws, location.bucket(), location.prefix()),
            "arn:aws:s3:::logs/tests/*"
        );
    }

    #[test]
    fn wildcards_and_variables_in_a_key_are_taken_literally() {
        let location = Location::parse("s3://logs/a*b?c$d").unwrap();
        assert_eq!(
            object_arn(Partition::Aws, location.bucket(), location.prefix()),
            "arn:aws:s3:::logs/a${*}b${?}c${$}d/*"
        );
    }
}
