//! The smallest policy that grants some S3 actions on a location.

use serde_json::{Value, json};

use super::document::{allow, document};
use super::{Action, bucket_arn, object_arn};
use crate::model::location::{Bucket, Prefix};
use crate::model::region::Partition;

/// A policy document that grants just these actions, or `None` for no actions: bucket actions on the bucket, listing objects only under the
/// prefix if there is one, and object actions on the objects below it.
///
/// Listing uploads has no condition: `s3:prefix` is a key of `s3:ListBucket` and not of `s3:ListBucketMultipartUploads`, so that a condition on it
/// would never hold ("Actions, resources, and condition keys for Amazon S3" in the Service Authorization Reference).
#[must_use]
pub fn granting(
    actions: &[Action],
    partition: Partition,
    bucket: &Bucket,
    prefix: &Prefix,
) -> Option<String> {
    let statements = statements(actions, partition, bucket, prefix);
    (!statements.is_empty()).then(|| document(&statements))
}

/// The statements of [`granting`].
pub(super) fn statements(
    actions: &[Action],
    partition: Partition,
    bucket: &Bucket,
    prefix: &Prefix,
) -> Vec<Value> {
    let is_confined = |a: &Action| *a == Action::ListBucket && !prefix.is_root();
    let (on_bucket, on_objects): (Vec<Action>, Vec<Action>) =
        actions.iter().partition(|a| a.is_on_bucket());
    let (confined, on_bucket): (Vec<Action>, Vec<Action>) =
        on_bucket.into_iter().partition(is_confined);
    let bucket_arn = bucket_arn(partition, bucket);
    let mut statements = Vec::new();
    if !confined.is_empty() {
        let mut statement = allow(&names(&confined), &bucket_arn);
        let pattern = format!("{}*", super::arn::literal(prefix.as_str()));
        statement["Condition"] = json!({"StringLike": {"s3:prefix": pattern}});
        statements.push(statement);
    }
    if !on_bucket.is_empty() {
        statements.push(allow(&names(&on_bucket), &bucket_arn));
    }
    if !on_objects.is_empty() {
        let objects = object_arn(partition, bucket, prefix);
        statements.push(allow(&names(&on_objects), &objects));
    }
    statements
}

fn names(actions: &[Action]) -> Vec<&'static str> {
    actions.iter().map(|a| a.as_str()).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::granting;
    use crate::iam::Action;
    use crate::model::location::Location;
    use crate::model::region::Partition;

    fn statements(actions: &[Action], uri: &str) -> Value {
        let location = Location::parse(uri).unwrap();
        let policy = granting(
            actions,
            Partition::Aws,
            location.bucket(),
            location.prefix(),
        );
        let policy: Value = serde_json::from_str(&policy.unwrap()).unwrap();
        policy["Statement"].clone()
    }

    #[test]
    fn bucket_and_object_actions_have_statements_of_their_own_and_only_listing_objects_is_confined()
    {
        let actions = [
            Action::ListBucket,
            Action::ListBucketMultipartUploads,
            Action::DeleteObject,
            Action::PutObject,
        ];
        assert_eq!(
            statements(&actions, "s3://logs/a$b"),
            json!([
                {
                    "Effect": "Allow",
                    "Action": ["s3:ListBucket"],
                    "Resource": "arn:aws:s3:::logs",
                    "Condition": {"StringLike": {"s3:prefix": "a${$}b/*"}}
                },
                {
                    "Effect": "Allow",
                    "Action": ["s3:ListBucketMultipartUploads"],
                    "Resource": "arn:aws:s3:::logs"
                },
                {
                    "Effect": "Allow",
                    "Action": ["s3:DeleteObject", "s3:PutObject"],
                    "Resource": "arn:aws:s3:::logs/a${$}b/*"
                }
            ])
        );
    }

    #[test]
    fn a_whole_bucket_needs_no_condition_and_no_action_no_policy() {
        let whole = statements(&[Action::ListBucketMultipartUploads], "s3://logs");
        assert_eq!(whole[0].get("Condition"), None);
        let location = Location::parse("s3://logs").unwrap();
        let nothing = granting(&[], Partition::Aws, location.bucket(), location.prefix());
        assert_eq!(nothing, None);
    }
}
