//! The S3 actions that a data-quality product needs.

use crate::model::role::Role;

/// An IAM action of Amazon S3.
///
/// Which call needs which action: "Required permissions for Amazon S3 API operations" in the Amazon S3 User Guide.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// `s3:ListBucket`, on the bucket.
    ListBucket,
    /// `s3:ListBucketMultipartUploads`, on the bucket.
    ListBucketMultipartUploads,
    /// `s3:GetObject`, on objects.
    GetObject,
    /// `s3:PutObject`, on objects.
    PutObject,
    /// `s3:DeleteObject`, on objects.
    DeleteObject,
    /// `s3:AbortMultipartUpload`, on objects.
    AbortMultipartUpload,
    /// `s3:ListMultipartUploadParts`, on objects.
    ListMultipartUploadParts,
}

impl Action {
    /// What a datastore of this role needs: the actions that a connection test proves. The product's user guide asks for `s3:Get*`, of which
    /// only `s3:GetObject` is used.
    #[must_use]
    pub fn needed_by(role: Role) -> &'static [Self] {
        match role {
            Role::Source => &[
                Self::ListBucket,
                Self::ListBucketMultipartUploads,
                Self::GetObject,
            ],
            Role::Enrichment => &[
                Self::ListBucket,
                Self::ListBucketMultipartUploads,
                Self::GetObject,
                Self::PutObject,
                Self::DeleteObject,
                Self::AbortMultipartUpload,
                Self::ListMultipartUploadParts,
            ],
        }
    }

    /// The action as policies write it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ListBucket => "s3:ListBucket",
            Self::ListBucketMultipartUploads => "s3:ListBucketMultipartUploads",
            Self::GetObject => "s3:GetObject",
            Self::PutObject => "s3:PutObject",
            Self::DeleteObject => "s3:DeleteObject",
            Self::AbortMultipartUpload => "s3:AbortMultipartUpload",
            Self::ListMultipartUploadParts => "s3:ListMultipartUploadParts",
        }
    }

    /// Whether policies grant it on the bucket's ARN; otherwise it belongs on the objects'.
    #[must_use]
    pub fn is_on_bucket(self) -> bool {
        matches!(self, Self::ListBucket | Self::ListBucketMultipartUploads)
    }
}
