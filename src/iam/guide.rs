//! The policies of the product's user guide, word for word.

use crate::model::location::Bucket;
use crate::model::role::Role;

/// "`Datastore` S3 permissions" of the guide's page "Amazon S3".
const SOURCE: &str = r#"{
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Action": [
                "s3:ListBucket",
                "s3:ListBucketMultipartUploads",
                "s3:Get*"
            ],
            "Resource": [
                "arn:aws:s3:::<bucket>/*",
                "arn:aws:s3:::<bucket>"
            ]
        }
    ]
}"#;

/// "`Enrich Datastore` S3 permissions" of the same page.
const ENRICHMENT: &str = r#"{
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Action": [
                "s3:Get*",
                "s3:ListBucket",
                "s3:ListBucketMultipartUploads",
                "s3:PutObject",
                "s3:DeleteObject",
                "s3:AbortMultipartUpload",
                "s3:ListMultipartUploadParts"
            ],
            "Resource": [
                "arn:aws:s3:::<bucket>/*",
                "arn:aws:s3:::<bucket>"
            ]
        }
    ]
}"#;

/// The guide's policy for a role, with the bucket filled in. It is for the partition `aws` and knows no prefix.
#[must_use]
pub fn guide_policy(role: Role, bucket: &Bucket) -> String {
    let policy = match role {
        Role::Source => SOURCE,
        Role::Enrichment => ENRICHMENT,
    };
    policy.replace("<bucket>", bucket.as_str())
}
