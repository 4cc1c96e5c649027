//! The name of a general purpose bucket.

use std::fmt;

/// A bucket's name, valid by Amazon S3's rules for general purpose buckets.
///
/// Source: "General purpose bucket naming rules",
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html>. Buckets made in us-east-1 before
/// March 2018 may have capitals and underscores; no virtual-hosted request reaches them, so they are refused too.
/// The suffix `-an` (account regional namespace) is legal and so is accepted.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Bucket(String);

/// Why a bucket's name is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BucketError {
    /// No name.
    #[error("the bucket is missing: write s3://bucket or s3://bucket/prefix")]
    Empty,
    /// A capital in a name that is valid without; holds the name in lower case.
    #[error("bucket names are lower case: did you mean `{0}`?")]
    UpperCase(String),
    /// A character that no bucket has.
    #[error(
        "a bucket name cannot have {0:?} in it, only lower-case letters, digits, dots and hyphens: \
         check the name in the S3 console"
    )]
    Character(char),
    /// Fewer than 3 characters.
    #[error("a bucket name has at least {MIN} characters: write the whole name")]
    TooShort,
    /// More than 63 characters.
    #[error(
        "a bucket name has at most {MAX} characters: check where it ends, a `/` comes after it"
    )]
    TooLong,
    /// A dot or a hyphen first or last.
    #[error(
        "a bucket name begins and ends with a letter or a digit: remove the dot or hyphen at its edge"
    )]
    Edge,
    /// Two dots in a row.
    #[error("a bucket name cannot have two dots in a row: remove one")]
    AdjacentDots,
    /// Four numbers.
    #[error(
        "a bucket name cannot look like an IP address: give the store's address as the endpoint, and the bucket's \
         name here"
    )]
    IpAddress,
    /// A prefix that Amazon keeps for itself.
    #[error(
        "bucket names that begin with `{0}` are reserved by Amazon S3: use a bucket of your own"
    )]
    ReservedPrefix(&'static str),
    /// A suffix that says that this is something else than a general purpose bucket.
    #[error("a name that ends with `{suffix}` is {what}: use the name of a general purpose bucket")]
    ReservedSuffix {
        /// The suffix.
        suffix: &'static str,
        /// What S3 gives such names to.
        what: &'static str,
    },
}

const MIN: usize = 3;
const MAX: usize = 63;

const RESERVED_PREFIXES: [&str; 3] = ["xn--", "sthree-", "amzn-s3-demo-"];

const RESERVED_SUFFIXES: [(&str, &str); 5] = [
    ("-s3alias", "an access point's alias"),
    ("--ol-s3", "an Object Lambda access point's alias"),
    (".mrap", "a Multi-Region Access Point"),
    ("--x-s3", "a directory bucket"),
    ("--table-s3", "a table bucket"),
];

impl Bucket {
    /// Reads a bucket's name. White space is not trimmed.
    ///
    /// # Errors
    /// The first of the naming rules that the name breaks.
    pub fn parse(name: &str) -> Result<Self, BucketError> {
        check_characters(name)?;
        check_shape(name)?;
        check_reserved(name)?;
        Ok(Self(name.to_owned()))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn check_characters(name: &str) -> Result<(), BucketError> {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '.' || c == '-';
    let Some(bad) = name.chars().find(|c| !allowed(*c)) else {
        return Ok(());
    };
    if bad.is_ascii_uppercase() {
        // Only a name that would do is worth proposing.
        if let Ok(Bucket(lower)) = Bucket::parse(&name.to_ascii_lowercase()) {
            return Err(BucketError::UpperCase(lower));
        }
    }
    Err(BucketError::Character(bad))
}

fn check_shape(name: &str) -> Result<(), BucketError> {
    let edge = |c: char| c == '.' || c == '-';
    let numbers = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    if name.is_empty() {
        Err(BucketError::Empty)
    } else if name.len() < MIN {
        Err(BucketError::TooShort)
    } else if name.len() > MAX {
        Err(BucketError::TooLong)
    } else if name.starts_with(edge) || name.ends_with(edge) {
        Err(BucketError::Edge)
    } else if name.contains("..") {
        Err(BucketError::AdjacentDots)
    } else if name.split('.').count() == 4 && name.split('.').all(numbers) {
        Err(BucketError::IpAddress)
    } else {
        Ok(())
    }
}

fn check_reserved(name: &str) -> Result<(), BucketError> {
    if let Some(prefix) = RESERVED_PREFIXES
        .into_iter()
        .find(|prefix| name.starts_with(prefix))
    {
        return Err(BucketError::ReservedPrefix(prefix));
    }
    match RESERVED_SUFFIXES
        .into_iter()
        .find(|(suffix, _)| name.ends_with(suffix))
    {
        Some((suffix, what)) => Err(BucketError::ReservedSuffix { suffix, what }),
        None => Ok(()),
    }
}

impl fmt::Display for Bucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_names_that_amazon_gives_as_examples_are_accepted() {
        let longest = "a".repeat(63);
        for name in [
            "abc",
            "docexamplebucket1",
            "log-delivery-march-2020",
            "my.hosted.content",
            "1.2.3",
            "a-.b",
            "a--b",
            "team-111122223333-us-west-2-an",
            "1.2.3.4a",
            "1.2.3.4.5",
            &longest,
        ] {
            assert_eq!(
                Bucket::parse(name).map(|b| b.to_string()).as_deref(),
                Ok(name)
            );
        }
    }

    #[test]
    fn each_broken_rule_has_its_own_error() {
        let long = "a".repeat(64);
        for (name, error) in [
            ("", BucketError::Empty),
            ("ab", BucketError::TooShort),
            (&long, BucketError::TooLong),
            ("My-Bucket", BucketError::UpperCase("my-bucket".into())),
            ("My_Bucket", BucketError::Character('M')),
            ("my_bucket", BucketError::Character('_')),
            ("my bucket", BucketError::Character(' ')),
            ("bücket", BucketError::Character('ü')),
            (".abc", BucketError::Edge),
            ("abc-", BucketError::Edge),
            ("a..b", BucketError::AdjacentDots),
            ("192.168.5.4", BucketError::IpAddress),
            ("999.999.999.999", BucketError::IpAddress),
            ("xn--bucket", BucketError::ReservedPrefix("xn--")),
            ("sthree-bucket", BucketError::ReservedPrefix("sthree-")),
            (
                "amzn-s3-demo-bucket",
                BucketError::ReservedPrefix("amzn-s3-demo-"),
            ),
        ] {
            assert_eq!(Bucket::parse(name), Err(error), "{name:?}");
        }
        for name in [
            "b-s3alias",
            "b--ol-s3",
            "my.mrap",
            "b--usw2-az1--x-s3",
            "b--table-s3",
        ] {
            let Err(BucketError::ReservedSuffix { suffix, .. }) = Bucket::parse(name) else {
                panic!("{name}: {:?}", Bucket::parse(name));
            };
            assert!(name.ends_with(suffix), "{name}: {suffix}");
        }
    }

    proptest! {
        #[test]
        fn what_is_accepted_prints_as_it_was_given(name in "\\PC*|[a-zA-Z0-9.-]{0,66}") {
            if let Ok(bucket) = Bucket::parse(&name) {
                prop_assert_eq!(bucket.to_string(), name);
            }
        }
    }
}
