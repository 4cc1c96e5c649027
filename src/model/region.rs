//! The region of a bucket, and the partition whose ARNs name what is in it.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The name of a region: `us-east-1` on AWS, or whatever an S3-compatible store signs with
/// (`garage`, `auto`). Matches `^[a-z0-9][a-z0-9-]{0,62}$`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Region(String);

/// A group of AWS regions with IAM and ARNs of its own.
///
/// Source: partitions.json of botocore, and "General purpose bucket naming rules", which lists these four. The
/// isolated partitions (`aws-iso`...) cannot be reached from a public network and are not modelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Partition {
    /// The standard regions, and every S3-compatible store.
    Aws,
    /// AWS `GovCloud` (US).
    AwsUsGov,
    /// The regions in China.
    AwsCn,
    /// The European Sovereign Cloud.
    AwsEusc,
}

/// Why a region's name is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RegionError {
    /// Nothing was given.
    #[error(
        "the region is empty: write the bucket's region, for example us-east-1, or leave it out"
    )]
    Empty,
    /// More than 63 characters.
    #[error("a region has at most {MAX} characters: write its code, for example us-east-1")]
    TooLong,
    /// A character that no region has.
    #[error(
        "a region is made of lower-case letters, digits and hyphens and does not begin with a hyphen: \
         write its code, for example us-east-1, not its title"
    )]
    Character,
}

const MAX: usize = 63;

impl Region {
    /// Reads a region's code. White space is not trimmed.
    ///
    /// # Errors
    /// An empty or too long text, or one with a character that no region has.
    pub fn parse(text: &str) -> Result<Self, RegionError> {
        let allowed = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-';
        if text.is_empty() {
            Err(RegionError::Empty)
        } else if text.starts_with('-') || !text.bytes().all(allowed) {
            Err(RegionError::Character)
        } else if text.len() > MAX {
            Err(RegionError::TooLong)
        } else {
            Ok(Self(text.to_owned()))
        }
    }

    /// The region's code.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The partition an AWS region of this name is in. Meaningful for AWS only: the ARNs that S3-compatible
    /// stores read are all of the partition `aws`, whatever their region is called.
    #[must_use]
    pub fn partition(&self) -> Partition {
        match self.0.split_once('-') {
            Some(("cn", _)) => Partition::AwsCn,
            Some(("eusc", _)) => Partition::AwsEusc,
            Some(("us", rest)) if rest.starts_with("gov-") => Partition::AwsUsGov,
            _ => Partition::Aws,
        }
    }
}

/// `us-east-1`: the region of Amazon S3's global endpoint, and the one that S3-compatible stores commonly assume.
impl Default for Region {
    fn default() -> Self {
        Self("us-east-1".to_owned())
    }
}

impl TryFrom<String> for Region {
    type Error = RegionError;

    fn try_from(text: String) -> Result<Self, RegionError> {
        Self::parse(&text)
    }
}

impl From<Region> for String {
    fn from(region: Region) -> Self {
        region.0
    }
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Partition {
    /// Reads the second part of an ARN. `None` for a partition that is not modelled.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Aws, Self::AwsUsGov, Self::AwsCn, Self::AwsEusc]
            .into_iter()
            .find(|partition| partition.as_str() == text)
    }

    /// The second part of an ARN: `aws` in `arn:aws:s3:::bucket`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Aws => "aws",
            Self::AwsUsGov => "aws-us-gov",
            Self::AwsCn => "aws-cn",
            Self::AwsEusc => "aws-eusc",
        }
    }
}

impl fmt::Display for Partition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_region_knows_its_partition() {
        for (text, partition) in [
            ("us-east-1", "aws"),
            ("us-gov-west-1", "aws-us-gov"),
            ("cn-north-1", "aws-cn"),
            ("cn-northwest-1", "aws-cn"),
            ("eusc-de-east-1", "aws-eusc"),
            ("garage", "aws"),
            ("auto", "aws"),
            ("cn", "aws"),
            ("us-governor", "aws"),
        ] {
            assert_eq!(
                Region::parse(text).unwrap().partition().to_string(),
                partition,
                "{text}"
            );
            let parsed = Partition::parse(partition).unwrap();
            assert_eq!(parsed.as_str(), partition);
        }
        assert_eq!(Partition::parse("aws-iso"), None);
        assert_eq!(Partition::parse(""), None);
    }

    #[test]
    fn what_no_region_is_called_is_refused_with_its_cause() {
        let long = "a".repeat(64);
        for (text, error) in [
            ("", RegionError::Empty),
            ("US East (N. Virginia)", RegionError::Character),
            ("us_east_1", RegionError::Character),
            (" us-east-1", RegionError::Character),
            ("-east", RegionError::Character),
            (&long, RegionError::TooLong),
        ] {
            assert_eq!(Region::parse(text), Err(error), "{text:?}");
        }
        assert!(Region::parse(&long[..63]).is_ok());
    }

    #[test]
    fn the_default_is_a_region_that_parses() {
        assert_eq!(Region::parse("us-east-1"), Ok(Region::default()));
    }

    proptest! {
        #[test]
        fn what_is_accepted_prints_as_it_was_given(text in "\\PC*|[a-z0-9-]{0,70}") {
            if let Ok(region) = Region::parse(&text) {
                prop_assert_eq!(region.to_string(), text);
            }
        }
    }
}
